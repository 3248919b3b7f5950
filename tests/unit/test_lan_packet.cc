#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "network/lan_packet.hh"

namespace {

using namespace vps;

const MacAddress kOurs = *MacAddress::parse("02:00:00:00:00:01");
const MacAddress kTheirs = *MacAddress::parse("02:00:00:00:00:02");
const IpAddress kIpv4 = IpAddress::parse("192.0.2.7");
const IpAddress kIpv6 = IpAddress::parse("2001:db8::7");
const in6_addr kTheirLinkLocal{{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}}};

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        text += kDigits[static_cast<unsigned char>(byte) >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

TEST(LanPacket, ArpQuestionIsAProbe) {
    EXPECT_EQ(hex(make_arp(LanMessage::Question, kIpv4, kOurs)),
              "0001080006040001"  // Ethernet, IPv4, lengths of addresses, request
              "020000000001"
              "00000000"  // from
              "000000000000"
              "c0000207");
}

TEST(LanPacket, ArpAnnouncementNamesTheAddressTwice) {
    EXPECT_EQ(hex(make_arp(LanMessage::Announcement, kIpv4, kOurs)),
              "0001080006040001"
              "020000000001"
              "c0000207"
              "000000000000"
              "c0000207");
}

TEST(LanPacket, NeighbourMessagesHaveOneOption) {
    EXPECT_EQ(hex(make_neighbour_message(LanMessage::Question, kIpv6, kOurs)),
              "8700000000000000"
              "20010db8000000000000000000000007"
              "0101"
              "020000000001");
    EXPECT_EQ(hex(make_neighbour_message(LanMessage::Announcement, kIpv6, kOurs)),
              "8800000020000000"
              "20010db8000000000000000000000007"
              "0201"
              "020000000001");
}

TEST(LanPacket, ArpOfAnotherMachineIsAnAnswer) {
    std::string packet = make_arp(LanMessage::Announcement, kIpv4, kTheirs);
    for (const char* padding : {"", "eighteen bytes ..."}) {
        const auto answer = parse_arp(packet + padding, kOurs);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->address, kIpv4);
        EXPECT_EQ(answer->machine, "02:00:00:00:00:02");
    }
    EXPECT_FALSE(parse_arp(packet, kTheirs)) << "our own";
    EXPECT_FALSE(parse_arp(make_arp(LanMessage::Question, kIpv4, kTheirs), kOurs)) << "a probe";
    for (std::size_t size = 0; size < packet.size(); ++size)
        EXPECT_FALSE(parse_arp(packet.substr(0, size), kOurs)) << size;
    for (const std::size_t place : {2U, 3U, 4U, 5U}) {
        std::string other = packet;
        ++other[place];
        EXPECT_FALSE(parse_arp(other, kOurs)) << "another protocol, byte " << place;
    }
}

TEST(LanPacket, AdvertisementOfANeighbourIsAnAnswer) {
    const std::string message = make_neighbour_message(LanMessage::Announcement, kIpv6, kTheirs);
    // the second without the option
    for (const std::size_t size : {message.size(), message.size() - 8}) {
        const auto answer = parse_advertisement(message.substr(0, size), kTheirLinkLocal, 255);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->address, kIpv6);
        EXPECT_EQ(answer->machine, "fe80::2");
    }
    const IpAddress group = [] {
        IpAddress all_nodes = kIpv6;
        all_nodes.raw[0] = 0xff;
        return all_nodes;
    }();
    EXPECT_FALSE(parse_advertisement(
        make_neighbour_message(LanMessage::Announcement, group, kTheirs), kTheirLinkLocal, 255));
    for (const int hops : {0, 1, 254})
        EXPECT_FALSE(parse_advertisement(message, kTheirLinkLocal, hops)) << "routed, " << hops;
    for (std::size_t size = 0; size < 24; ++size)
        EXPECT_FALSE(parse_advertisement(message.substr(0, size), kTheirLinkLocal, 255)) << size;
    EXPECT_FALSE(parse_advertisement(make_neighbour_message(LanMessage::Question, kIpv6, kTheirs),
                                     kTheirLinkLocal, 255));
}

}  // namespace

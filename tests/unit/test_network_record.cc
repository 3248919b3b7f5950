#include <gtest/gtest.h>

#include "network/network_record.hh"

namespace {

using namespace vps;

TEST(NetworkRecord, IsReadAsItWasWritten) {
    NetworkRecord record;
    record.addresses = {"192.0.2.7", "2001:db8::7"};
    record.neighbour_devices = {"eth0"};
    record.choice = NeighbourDevices{NeighbourDevices::Kind::List, {"eth0", "wlan0"}};
    record.hardware = {"02:00:00:00:00:01@br0"};
    record.links = {{.name = "venet101", .is_venet = true},
                    {.name = "veth101.0",
                     .ip_filter = true,
                     .mac = MacAddress::parse("02:00:00:00:00:01"),
                     .bridge = "br0"},
                    {.name = "veth101.1", .answers = true, .index = 17}};
    record.devices = {{"eth1", 7, {}},
                      {"wlan0",
                       9,
                       {.mac = std::string("\x02\0\x01", 3),
                        .alias = "a = b\n",
                        .altnames = {"up", "enp0s3"},
                        .mtu = 1400,
                        .flags = 4099,
                        .queue_length = 1000}}};
    EXPECT_EQ(format_network_record(record),
              "address 192.0.2.7\n"
              "address 2001:db8::7\n"
              "neighbour eth0\n"
              "hardware 02:00:00:00:00:01@br0\n"
              "choice list eth0 wlan0\n"
              "link venet101 venet\n"
              "link veth101.0 ip_filter mac=02:00:00:00:00:01 bridge=br0\n"
              "link veth101.1 answers index=17\n"
              "device eth1 7 mtu=0 flags=0 queue=0 mac=\n"
              "device wlan0 9 mtu=1400 flags=4099 queue=1000 mac=020001 alias=61203d20620a "
              "altname=7570 altname=656e70307333\n");
    EXPECT_EQ(parse_network_record(format_network_record(record)), record);
    EXPECT_EQ(parse_network_record(""), NetworkRecord());
}

TEST(NetworkRecord, TakesNoPartOfALine) {
    EXPECT_EQ(parse_network_record("link venet101\naddress").addresses, std::vector<std::string>());
    EXPECT_EQ(parse_network_record("link venet101\nlink").links.size(), 1U);
    for (const char* text :
         {"device eth1", "device eth1 ", "device eth1 x", "device eth1 99999999999", "what else"})
        EXPECT_EQ(parse_network_record(text), NetworkRecord()) << text;
}

// A record that is written can be read again.
TEST(NetworkRecord, HasRoomForAllAddresses) {
    NetworkRecord record;
    for (std::size_t i = 0; i < kMostAddresses; ++i)
        record.addresses.push_back("2001:db8:1234:5678:9abc:def0:1234:" + std::to_string(1000 + i));
    EXPECT_LT(format_network_record(record).size(), kMostOfRecord);
}

}  // namespace

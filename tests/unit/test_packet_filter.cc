#include <gtest/gtest.h>

#include "network/packet_filter.hh"

namespace {

using namespace vps;

const Veid kVeid = *Veid::parse("101");

VethSpec veth(const char* host_ifname, bool mac_filter) {
    VethSpec spec;
    spec.ifname = "eth0";
    spec.host_ifname = host_ifname;
    spec.mac = *MacAddress::parse("00:18:51:a0:b1:c2");
    spec.mac_filter = mac_filter;
    return spec;
}

TEST(PacketFilter, IsNeededWhereAddressesOrHardwareAddressesAreTheVpss) {
    NetworkSpec spec;
    EXPECT_FALSE(needs_packet_filter(spec));
    spec.veths = {veth("veth101.0", false)};
    spec.devices = {"eth7"};
    EXPECT_FALSE(needs_packet_filter(spec));
    spec.veths.push_back(veth("veth101.1", true));
    EXPECT_TRUE(needs_packet_filter(spec));
    spec.veths.clear();
    spec.addresses = {IpAddress::parse("192.0.2.7")};
    EXPECT_TRUE(needs_packet_filter(spec));
}

TEST(PacketFilter, VenetPassesItsAddressesOnly) {
    NetworkSpec spec;
    spec.addresses = {IpAddress::parse("192.0.2.7/24"), IpAddress::parse("2001:db8::7/64"),
                      IpAddress::parse("192.0.2.8")};
    EXPECT_EQ(packet_filter_commands(kVeid, spec),
              "add table netdev systemd-vps\n"
              "add chain netdev systemd-vps vps101_0\n"
              "flush chain netdev systemd-vps vps101_0\n"
              "delete chain netdev systemd-vps vps101_0\n"
              "table netdev systemd-vps {\n"
              "chain vps101_0 { type filter hook ingress device \"venet101\" priority filter; "
              "policy drop;\n"
              "ip saddr { 192.0.2.7, 192.0.2.8 } accept\n"
              "ip6 saddr { 2001:db8::7 } accept\n"
              "}\n"
              "}\n");
}

TEST(PacketFilter, FamilyWithoutAddressesPassesNothing) {
    NetworkSpec spec;
    spec.addresses = {IpAddress::parse("2001:db8::7")};
    const std::string commands = packet_filter_commands(kVeid, spec);
    EXPECT_EQ(commands.find("ip saddr"), std::string::npos) << commands;
    EXPECT_NE(commands.find("ip6 saddr { 2001:db8::7 } accept\n}"), std::string::npos) << commands;
}

// A chain's name has the place of its link among all links of the VPS, filtered or not, because as
// many chains are removed as there are links.
TEST(PacketFilter, EachFilteredVethHasAChainByItsPlace) {
    NetworkSpec spec;
    spec.addresses = {IpAddress::parse("192.0.2.7")};
    spec.veths = {veth("veth101.0", false), veth("-odd@name.", true)};
    const std::string commands = packet_filter_commands(kVeid, spec);
    for (const char* chain : {"vps101_0", "vps101_1", "vps101_2"})
        EXPECT_NE(commands.find(std::string("delete chain netdev systemd-vps ") + chain + "\n"),
                  std::string::npos)
            << commands;
    EXPECT_EQ(commands.find("chain vps101_1 {"), std::string::npos) << commands;
    EXPECT_NE(commands.find("chain vps101_2 { type filter hook ingress device \"-odd@name.\" "
                            "priority filter; policy drop;\n"
                            "ether saddr 00:18:51:a0:b1:c2 accept\n}\n"),
              std::string::npos)
        << commands;
}

}  // namespace

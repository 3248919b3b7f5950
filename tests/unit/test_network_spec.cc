#include <gtest/gtest.h>
#include <sys/socket.h>

#include "error.hh"
#include "network_spec.hh"

namespace {

using namespace vps;

VpsConfig config(std::initializer_list<std::pair<const char*, const char*>> settings) {
    VpsConfig config;
    for (const auto& [key, value] : settings)
        config.others.push_back({key, value, {}, 1});
    return config;
}

std::string spell(const std::vector<IpAddress>& addresses) {
    std::string text;
    for (const IpAddress& address : addresses)
        text += address.to_string() + "/" + std::to_string(address.prefix) + " ";
    return text;
}

TEST(IpAddress, IsReadWithItsMask) {
    const struct {
        const char *text, *plain;
        unsigned prefix;
    } rows[]{
        {"192.0.2.7", "192.0.2.7", 32},
        {"192.0.2.7/24", "192.0.2.7", 24},
        {"192.0.2.7/1", "192.0.2.7", 1},
        {"192.0.2.7/255.255.255.0", "192.0.2.7", 24},
        {"192.0.2.7/255.255.255.255", "192.0.2.7", 32},
        {"2001:DB8:0::7", "2001:db8::7", 128},
        {"2001:db8::7/64", "2001:db8::7", 64},
    };
    for (const auto& row : rows) {
        const IpAddress address = IpAddress::parse(row.text);
        EXPECT_EQ(address.to_string(), row.plain) << row.text;
        EXPECT_EQ(address.prefix, row.prefix) << row.text;
        EXPECT_EQ(address.bytes().size(), address.family == AF_INET ? 4U : 16U);
    }
}

TEST(IpAddress, IsRefusedIfItIsNone) {
    for (const std::string& text :
         std::initializer_list<std::string>{"",
                                            "/",
                                            "/24",
                                            "192.0.2",
                                            "192.0.2.256",
                                            "192.0.2.7/",
                                            "192.0.2.7/0",
                                            "192.0.2.7/33",
                                            "192.0.2.7/-1",
                                            "192.0.2.7/24x",
                                            "192.0.2.7/255.0.255.0",
                                            "192.0.2.7/0.0.0.0",
                                            "192.0.2.7/24/24",
                                            "0.0.0.0",
                                            "0.1.2.3",
                                            "127.0.0.1",
                                            "224.0.0.1",
                                            "255.255.255.255",
                                            "2001:db8::7/129",
                                            "2001:db8::7/255.255.0.0",
                                            "2001:db8::7%eth0",
                                            ":",
                                            "::",
                                            "::1",
                                            "fe80::1",
                                            "ff02::1",
                                            "::ffff:192.0.2.7",
                                            "host",
                                            "$(reboot)",
                                            std::string("192.0.2.7\0", 10),
                                            std::string(5000, '1')}) {
        try {
            (void)IpAddress::parse(text);
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::BadIp) << text;
        }
    }
}

TEST(NetworkSpec, HasEachAddressOnceInItsOrder) {
    std::vector<std::string> problems;
    const NetworkSpec spec = plan_network(
        config({{"IP_ADDRESS", " 192.0.2.7\t2001:db8::7/64 192.0.2.8/24 192.0.2.7/24 "}}),
        problems);
    EXPECT_EQ(spell(spec.addresses), "192.0.2.7/32 2001:db8::7/64 192.0.2.8/24 ");
    EXPECT_EQ(spec.neighbour_devices, NeighbourDevices{});
    EXPECT_TRUE(problems.empty());
}

TEST(NetworkSpec, LeavesOutWhatCannotBeRead) {
    std::vector<std::string> problems;
    const NetworkSpec spec = plan_network(
        config({{"IP_ADDRESS", "192.0.2.300 192.0.2.7 fe80::1 2001:db8::7"}, {"IPV6", "no"}}),
        problems);
    EXPECT_EQ(spell(spec.addresses), "192.0.2.7/32 ");
    const std::vector<std::string> expected{"IP_ADDRESS: '192.0.2.300': not an IP address",
                                            "IP_ADDRESS: 'fe80::1': a link-local address",
                                            "IP_ADDRESS: '2001:db8::7': IPV6=no"};
    EXPECT_EQ(problems, expected);
}

TEST(NetworkSpec, IsEmptyWithoutAddresses) {
    std::vector<std::string> problems;
    EXPECT_TRUE(plan_network({}, problems).empty());
    EXPECT_TRUE(plan_network(config({{"IP_ADDRESS", " "}}), problems).empty());
    EXPECT_TRUE(problems.empty());
}

TEST(NetworkSpec, KnowsTheNeighbourDevices) {
    using Kind = NeighbourDevices::Kind;
    const struct {
        const char* text;
        NeighbourDevices devices;
        std::size_t problems;
    } rows[]{
        {"detect", {Kind::Detect, {}}, 0},
        {"all", {Kind::All, {}}, 0},
        {"list:eth0 eth1", {Kind::List, {"eth0", "eth1"}}, 0},
        {"list:", {Kind::List, {}}, 0},
        {"list:eth0 ../x a:b a-name-that-is-too-long", {Kind::List, {"eth0"}}, 3},
        {"eth0", {Kind::All, {}}, 1},
    };
    for (const auto& row : rows) {
        std::vector<std::string> problems;
        EXPECT_EQ(plan_network(config({{"NEIGHBOUR_DEVS", row.text}}), problems).neighbour_devices,
                  row.devices)
            << row.text;
        EXPECT_EQ(problems.size(), row.problems) << row.text;
    }
}

TEST(NetworkSpec, NamesLinksThatTheKernelTakes) {
    EXPECT_EQ(venet_name(*Veid::parse("101")), "venet101");
    EXPECT_TRUE(is_link_name(venet_name(*Veid::parse("2147483644"))));
    for (const char* name : {"", ".", "..", "a b", "a/b", "a:b", "a\nb", "sixteen-chars-xx", "a%d"})
        EXPECT_FALSE(is_link_name(name)) << name;
}

}  // namespace

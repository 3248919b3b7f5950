#include <gtest/gtest.h>
#include <sys/socket.h>

#include "network/forwarding.hh"
#include "network/network_spec.hh"
#include "other_settings.hh"
#include "sys/error.hh"

namespace {

using namespace vps;

const Veid kVeid = *Veid::parse("101");

NetworkSpec plan(std::initializer_list<std::pair<const char*, const char*>> settings,
                 std::vector<std::string>& problems) {
    const VpsConfig config = config_of(settings);
    for (const std::string& finding : findings_of(config))
        problems.push_back(finding);
    std::vector<ConfigProblem> conflicts;
    const NetworkSpec spec = plan_network(kVeid, config, "this host", conflicts);
    for (const ConfigProblem& conflict : conflicts)
        problems.push_back(config.tell(conflict));
    return spec;
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
    const NetworkSpec spec =
        plan({{"IP_ADDRESS", " 192.0.2.7\t2001:db8::7/64 192.0.2.8/24 192.0.2.7/24 "}}, problems);
    EXPECT_EQ(spell(spec.addresses), "192.0.2.7/32 2001:db8::7/64 192.0.2.8/24 ");
    EXPECT_EQ(spec.neighbour_devices, NeighbourDevices{});
    EXPECT_TRUE(problems.empty());
}

TEST(NetworkSpec, LeavesOutWhatCannotBeRead) {
    std::vector<std::string> problems;
    const NetworkSpec spec = plan(
        {{"IP_ADDRESS", "192.0.2.300 192.0.2.7 fe80::1 2001:db8::7"}, {"IPV6", "no"}}, problems);
    EXPECT_EQ(spell(spec.addresses), "192.0.2.7/32 ");
    const std::vector<std::string> expected{"IP_ADDRESS: '192.0.2.300': not an IP address",
                                            "IP_ADDRESS: 'fe80::1': a link-local address",
                                            "IP_ADDRESS: '2001:db8::7': IPV6=no"};
    EXPECT_EQ(problems, expected);
}

TEST(NetworkSpec, IsEmptyWithoutAddressesAndDevices) {
    std::vector<std::string> problems;
    EXPECT_TRUE(plan({}, problems).empty());
    EXPECT_TRUE(plan({{"IP_ADDRESS", " "}, {"NETIF", " ;"}, {"NETDEV", ","}}, problems).empty());
    EXPECT_TRUE(problems.empty());
    EXPECT_FALSE(
        wants_network(config_of({{"IP_ADDRESS", "0.0.0.0 :: ::0"}, {"NEIGHBOUR_DEVS", "all"}})));
    EXPECT_TRUE(wants_network(config_of({{"NETDEV", "eth1"}})));
}

TEST(NetworkSpec, PassesOverAddressesThatStandForNone) {
    std::vector<std::string> problems;
    for (const char* none : {"0.0.0.0", "::", "::0", "0.0.0.0 :: ::0", " ::\t"})
        EXPECT_TRUE(plan({{"IP_ADDRESS", none}}, problems).empty()) << none;
    EXPECT_EQ(plan({{"IP_ADDRESS", "0.0.0.0 192.0.2.7"}}, problems).addresses.size(), 1U);
    EXPECT_TRUE(problems.empty());
}

TEST(NetworkSpec, SaysBadAnswersOfItsKeys) {
    for (const char* key : {"IPV6", "SKIP_ARPDETECT", "ERROR_ON_ARPFAIL"}) {
        std::vector<std::string> problems;
        const NetworkSpec spec = plan({{"IP_ADDRESS", "2001:db8::7"}, {key, "Yes"}}, problems);
        EXPECT_EQ(spec.addresses.size(), 1U);
        EXPECT_EQ(spec.arp_detect, ArpDetect::Warn);
        ASSERT_EQ(problems.size(), 1U) << key;
        EXPECT_EQ(problems[0], std::string(key) + ": bad value 'Yes': neither 'yes' nor 'no'");
    }
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
        EXPECT_EQ(plan({{"NEIGHBOUR_DEVS", row.text}}, problems).neighbour_devices, row.devices)
            << row.text;
        EXPECT_EQ(problems.size(), row.problems) << row.text;
    }
}

TEST(NetworkSpec, NamesLinksThatTheKernelTakes) {
    EXPECT_EQ(venet_name(*Veid::parse("101")), "venet101");
    EXPECT_TRUE(is_link_name(venet_name(*Veid::parse("2147483644"))));
    for (const char* name : {"", ".", "..", "a b", "a/b", "a:b", "a\nb", "sixteen-chars-xx", "a%d",
                             "-a", "a\"b", "a;b", "a$b"})
        EXPECT_FALSE(is_link_name(name)) << name;
}

std::string spell(const VethSpec& veth) {
    return veth.ifname + " " + veth.mac.to_string() + " " + veth.host_ifname + " " +
           veth.host_mac.to_string() + " " + veth.bridge +
           (veth.mac_filter ? " filtered" : " open");
}

TEST(NetworkSpec, ReadsNetif) {
    std::vector<std::string> problems;
    const NetworkSpec spec = plan(
        {{"NETIF",
          "ifname=eth0,bridge=vmbr0,mac=00:18:51:A0:8A:D6,host_ifname=veth101.0,host_mac=00-18-51-"
          "01-02-03,mac_filter=off;ifname=lan,mac=02:00:00:00:00:01,host_mac=02:00:00:00:00:02"}},
        problems);
    ASSERT_EQ(spec.veths.size(), 2U);
    EXPECT_EQ(spell(spec.veths[0]),
              "eth0 00:18:51:a0:8a:d6 veth101.0 00:18:51:01:02:03 vmbr0 open");
    EXPECT_EQ(spell(spec.veths[1]),
              "lan 02:00:00:00:00:01 veth101.lan 02:00:00:00:00:02  filtered");
    EXPECT_TRUE(problems.empty());
}

TEST(NetworkSpec, FiltersAddressesWhereThereAreSome) {
    std::vector<std::string> problems;
    const NetworkSpec spec = plan(
        {{"IP_ADDRESS", "192.0.2.7"}, {"NETIF", "ifname=eth0,ip_filter=on;ifname=eth1"}}, problems);
    ASSERT_EQ(spec.veths.size(), 2U);
    EXPECT_TRUE(spec.veths[0].ip_filter);
    EXPECT_FALSE(spec.veths[1].ip_filter);
    EXPECT_TRUE(problems.empty());
    EXPECT_TRUE(plan({{"NETIF", "ifname=eth0,ip_filter=on"}}, problems).veths.empty());
    EXPECT_EQ(problems.at(0),
              "NETIF: 'eth0': ip_filter=on lets the addresses of IP_ADDRESS pass, "
              "and there is none");
}

TEST(NetworkSpec, MakesHardwareAddressesThatStay) {
    std::vector<ConfigProblem> problems;
    const auto make = [&](const char* host, const char* veid, const char* netif) {
        return plan_network(*Veid::parse(veid), config_of({{"NETIF", netif}}), host, problems)
            .veths.at(0);
    };
    const VethSpec veth = make("a", "101", "ifname=eth0");
    EXPECT_EQ(veth, make("a", "101", "ifname=eth0"));
    EXPECT_EQ(veth.host_ifname, "veth101.0");
    EXPECT_EQ(veth.mac.raw[0], 0x02);
    EXPECT_EQ(veth.host_mac.raw[0], 0xfe);
    EXPECT_NE(veth.mac, make("b", "101", "ifname=eth0").mac);
    EXPECT_NE(veth.mac, make("a", "102", "ifname=eth0").mac);
    EXPECT_NE(veth.mac, make("a", "101", "ifname=eth1").mac);
    EXPECT_TRUE(problems.empty());
}

TEST(NetworkSpec, LeavesOutDevicesThatCannotBe) {
    const struct {
        const char *netif, *problem;
    } rows[]{
        {"bridge=vmbr0", "'bridge=vmbr0': ifname= is missing"},
        {"ifname=", "'ifname=': 'ifname=': no name of a device (at most 15 characters)"},
        {"ifname", "'ifname': 'ifname': no name of a device (at most 15 characters)"},
        {"ifname=lo", "'ifname=lo': 'ifname=lo': no name of a device: the loopback device has it"},
        {"ifname=eth0,host_ifname=lo",
         "'ifname=eth0,host_ifname=lo': 'host_ifname=lo': no name of a device: the loopback device "
         "has it"},
        {"ifname=all",
         "'ifname=all': 'ifname=all': no name of a device: settings of all devices have it"},
        {"ifname=eth0,host_ifname=default",
         "'ifname=eth0,host_ifname=default': 'host_ifname=default': no name of a device: settings "
         "of all devices have it"},
        {"ifname=../eth0",
         "'ifname=../eth0': 'ifname=../eth0': no name of a device (at most 15 characters)"},
        {"ifname=eth0,bridge=\"a",
         "'ifname=eth0,bridge=\"a': 'bridge=\"a': no name of a device (at most 15 characters)"},
        {"ifname=eth0,mac=00:18:51:a0:8a",
         "'ifname=eth0,mac=00:18:51:a0:8a': 'mac=00:18:51:a0:8a': no hardware address of a single "
         "device, like 00:18:51:a0:b1:c2"},
        {"ifname=eth0,mac=01:18:51:a0:8a:d6",
         "'ifname=eth0,mac=01:18:51:a0:8a:d6': 'mac=01:18:51:a0:8a:d6': no hardware address of a "
         "single device, like 00:18:51:a0:b1:c2"},
        {"ifname=eth0,mac_filter=yes",
         "'ifname=eth0,mac_filter=yes': 'mac_filter=yes': neither on nor off"},
        {"ifname=eth0,vlan=5",
         "'ifname=eth0,vlan=5': 'vlan=5': unknown; there are ifname, mac, host_ifname, host_mac, "
         "bridge, mac_filter and ip_filter"},
        {"ifname=a-long-name",
         "'a-long-name': 'veth101.a-long-name' would be its name on the host, which is too long; "
         "give host_ifname="},
        {"ifname=venet0", "'venet0': the device of IP_ADDRESS has that name"},
        {"ifname=eth9", "'eth9': another device has that name"},
    };
    for (const auto& row : rows) {
        std::vector<std::string> problems;
        const NetworkSpec spec =
            plan({{"IP_ADDRESS", "192.0.2.7"},
                  {"NETIF", (std::string("ifname=eth9;") + row.netif).c_str()}},
                 problems);
        EXPECT_EQ(spec.veths.size(), 1U) << row.netif;
        ASSERT_EQ(problems.size(), 1U) << row.netif;
        EXPECT_EQ(problems[0], std::string("NETIF: ") + row.problem);
    }
}

TEST(NetworkSpec, PassesOverWhatSaysNothingHere) {
    std::vector<std::string> problems;
    const NetworkSpec spec =
        plan({{"NETIF",
               "ifname=eth0,network=Bridged,configure=none,gw=10.0.0.1,dhcp=yes,ip=10.0.0.2/24,"
               "ip6=fd00::2/64,fd00::3/64,bridge=br0;ifname=eth1,mac=,host_mac=,host_ifname=,"
               "bridge="}},
             problems);
    ASSERT_EQ(spec.veths.size(), 2U);
    EXPECT_EQ(spec.veths[0].bridge, "br0");
    EXPECT_EQ(spec.veths[1].bridge, "");
    EXPECT_EQ(spec.veths[1].host_ifname, "veth101.1");
    ASSERT_EQ(problems.size(), 7U);
    EXPECT_EQ(problems[6],
              "NETIF: 'fd00::3/64': says nothing here: the VPS configures the device itself");
}

TEST(NetworkSpec, ReadsNetdevAndArpDetect) {
    std::vector<std::string> problems;
    const NetworkSpec spec =
        plan({{"NETDEV", "eth1 eth2,eth1 lo a/b"}, {"ERROR_ON_ARPFAIL", "yes"}}, problems);
    EXPECT_EQ(spec.devices, (std::vector<std::string>{"eth1", "eth2"}));
    EXPECT_EQ(problems, (std::vector<std::string>{"NETDEV: 'lo': no name of a device",
                                                  "NETDEV: 'a/b': no name of a device"}));
    EXPECT_EQ(spec.arp_detect, ArpDetect::Refuse);
    EXPECT_EQ(plan({}, problems).arp_detect, ArpDetect::Warn);
    EXPECT_EQ(plan({{"SKIP_ARPDETECT", "yes"}, {"ERROR_ON_ARPFAIL", "yes"}}, problems).arp_detect,
              ArpDetect::Skip);
}

TEST(DroppingChains, AreThoseOfTheFamiliesOfTheAddresses) {
    const std::vector<std::string> chains{"ip filter FORWARD", "ip6 filter FORWARD", "inet a b"};
    const IpAddress v4 = IpAddress::parse("192.0.2.7"), v6 = IpAddress::parse("2001:db8::7");
    using Names = std::vector<std::string>;
    EXPECT_EQ(select_dropping_chains(chains, {}), Names{});
    EXPECT_EQ(select_dropping_chains(chains, {v4}), (Names{"ip filter FORWARD", "inet a b"}));
    EXPECT_EQ(select_dropping_chains(chains, {v6, v6}), (Names{"ip6 filter FORWARD", "inet a b"}));
    EXPECT_EQ(select_dropping_chains(chains, {v4, v6}), chains);
    EXPECT_EQ(
        explain_dropping_chains({"inet a b"}),
        "the host's firewall drops packets of VPSes, unless another rule accepts them, at the "
        "end of inet a b: nft insert rule inet a b iifname 'venet*' accept; nft insert rule "
        "inet a b oifname 'venet*' accept; and the same in the firewall's own file");
    EXPECT_NE(explain_dropping_chains({"ip iptables-legacy FORWARD"})
                  .find("FORWARD: iptables-legacy -I FORWARD -i venet+ -j ACCEPT; "),
              std::string::npos);
    EXPECT_NE(explain_dropping_chains({"inet firewalld filter_FORWARD"}).find("firewall-cmd"),
              std::string::npos);
}

}  // namespace

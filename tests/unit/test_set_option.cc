// vzctl set's parameters: what becomes of them in N.conf.
#include <gtest/gtest.h>

#include <set>

#include "config/config_key.hh"
#include "manage/call.hh"
#include "manage/set.hh"
#include "manage/set_option.hh"

namespace vps {

namespace {

// "KEY=value;…", or the code and text of the refusal.
std::string plan(const std::string& text, const std::vector<GivenOption>& given) {
    std::string all;
    try {
        for (const ConfigChange& change : plan_changes(text, given))
            all += change.key + "=" + change.value + "|";
    } catch (const Error& error) {
        all = std::to_string(static_cast<int>(error.code())) + " " + error.what();
    }
    return all;
}

TEST(SetOption, IsOfAKey) {
    std::set<std::string_view> names;
    for (const SetOption& option : set_options()) {
        EXPECT_TRUE(find_config_key(option.key)) << option.name;
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        EXPECT_FALSE(option.value.empty()) << option.name;
    }
    for (const VerbOption& option : set_grammar())
        EXPECT_TRUE(names.contains(option.name) || !find_set_option(option.name)) << option.name;
}

struct Case {
    const char* text;
    std::vector<GivenOption> given;
    const char* expected;
};

TEST(SetOption, SetsPlainValues) {
    for (const Case& c : {
             Case{"", {{"cpuunits", "2000"}, {"save", ""}}, "CPUUNITS=2000|"},
             Case{"", {{"onboot", "yes"}, {"onboot", "no"}}, "ONBOOT=yes|"},
             Case{"", {{"ram", "512M"}, {"swap", "1G"}}, "PHYSPAGES=0:512M|SWAPPAGES=0:1G|"},
             Case{"", {{"ram", "1048577"}}, "PHYSPAGES=0:257|"},
             Case{"", {{"swap", "0"}}, "SWAPPAGES=0:0|"},
             Case{"", {{"ram", "unlimited"}}, "PHYSPAGES=0:unlimited|"},
             Case{"", {{"iolimit", "10"}}, "IOLIMIT=10485760|"},
             Case{"", {{"iolimit", "512K"}}, "IOLIMIT=524288|"},
             Case{"", {{"diskspace", "2G:2.2G"}}, "DISKSPACE=2G:2.2G|"},
             Case{"", {{"kmemsize", "1M:2M"}}, "KMEMSIZE=1M:2M|"},
             Case{"", {{"description", "a \"b\""}}, "DESCRIPTION=a \"b\"|"},
             Case{"", {{"hostname", "a.example.org"}}, "HOSTNAME=a.example.org|"},
             Case{"", {{"private", "/srv/$VEID"}}, "VE_PRIVATE=/srv/$VEID|"},
             Case{"", {{"description", ""}, {"name", ""}}, "DESCRIPTION=|NAME=|"},
             Case{"", {{"meminfo", "none"}}, "MEMINFO=none|"},
             Case{"", {{"meminfo", "privvmpages:2"}}, "MEMINFO=privvmpages:2|"},
             Case{"", {{"netfilter", "full"}}, "NETFILTER=full|"},
             Case{"", {{"vm_overcommit", "1.5"}}, "VM_OVERCOMMIT=1.5|"},
         })
        EXPECT_EQ(plan(c.text, c.given), c.expected);
}

TEST(SetOption, RefusesBadValues) {
    for (const Case& c : {
             Case{"", {{"cpuunits", "many"}}, "21 Bad parameter for --cpuunits: 'many'"},
             Case{"", {{"ram", "lots"}}, "21 Bad parameter for --ram: 'lots'"},
             Case{"", {{"ram", "0"}}, "21 Bad parameter for --ram: '0:0'"},
             Case{"", {{"onboot", "perhaps"}}, "21 Bad parameter for --onboot: 'perhaps'"},
             Case{"", {{"ioprio", "8"}}, "21 Bad parameter for --ioprio: '8'"},
             Case{"", {{"iolimit", "99999999999999999"}}, "21 Bad parameter for --iolimit"},
             Case{"", {{"kmemsize", "x"}}, "21 Bad parameter for --kmemsize: 'x'"},
             Case{"", {{"ipadd", "10.0.0.256"}}, "21 Bad parameter for --ipadd: '10.0.0.256'"},
             Case{"", {{"ipadd", "10.0.0.1 x"}}, "21 Bad parameter for --ipadd: 'x'"},
             Case{"", {{"hostname", "a b"}}, "21 Bad parameter for --hostname: 'a b'"},
             Case{"", {{"description", "a\nB=c"}}, "21 Bad parameter for --description"},
             Case{"", {{"nameserver", "ns"}}, "21 Bad parameter for --nameserver: 'ns'"},
             Case{"", {{"capability", "FLY:on"}}, "21 Bad parameter for --capability: 'FLY:on'"},
             Case{"", {{"devnodes", "../sda:rw"}}, "21 Bad parameter for --devnodes"},
             Case{"", {{"mac", "00:18:51:a0:b1:c2"}}, "21 Bad parameter for --mac"},
             Case{"", {{"netif_add", "eth0,xx"}}, "21 Bad parameter for --netif_add"},
             Case{"", {{"physpages", ""}}, "21 Bad parameter for --physpages: '' (empty)"},
             Case{"", {{"diskspace", ""}}, "21 Bad parameter for --diskspace: '' (empty)"},
             Case{"", {{"cpulimit", ""}}, "21 Bad parameter for --cpulimit: '' (empty)"},
             Case{"", {{"kmemsize", ""}}, "21 Bad parameter for --kmemsize: '' (empty)"},
             Case{"", {{"private", ""}}, "21 Bad parameter for --private: '' (empty)"},
             Case{"", {{"meminfo", "pages"}}, "21 Bad parameter for --meminfo: 'pages'"},
             Case{"", {{"meminfo", "pages:0"}}, "21 Bad parameter for --meminfo: 'pages:0'"},
             Case{"", {{"meminfo", "some:5"}}, "21 Bad parameter for --meminfo: 'some:5'"},
             Case{"", {{"netfilter", "none"}}, "21 Bad parameter for --netfilter: 'none'"},
             Case{"", {{"vm_overcommit", "x"}}, "21 Bad parameter for --vm_overcommit: 'x'"},
             Case{"", {{"vm_overcommit", ""}}, "21 Bad parameter for --vm_overcommit: '' (empty)"},
             Case{"", {{"vm_overcommit", "0.0"}}, "21 Bad parameter for --vm_overcommit: '0.0'"},
         })
        EXPECT_TRUE(plan(c.text, c.given).starts_with(c.expected)) << plan(c.text, c.given);
}

TEST(SetOption, ChangesLists) {
    const char* addresses = "IP_ADDRESS=\"10.0.0.1 10.0.0.2/24\"\nIP_ADDRESS=2001:db8::1\n";
    const char* netif = "NETIF=\"ifname=eth0,bridge=br0,mac=00:18:51:00:00:01;ifname=eth1\"\n";
    for (const Case& c : {
             Case{addresses,
                  {{"ipadd", "10.0.0.3"}},
                  "IP_ADDRESS=10.0.0.1 10.0.0.2/24 2001:db8::1 10.0.0.3|"},
             Case{addresses,
                  {{"ipadd", "10.0.0.1/8 10.0.0.4"}},
                  "IP_ADDRESS=10.0.0.2/24 2001:db8::1 10.0.0.1/8 10.0.0.4|"},
             Case{addresses,
                  {{"ipdel", "10.0.0.2"}, {"ipdel", "2001:db8:0::1"}},
                  "IP_ADDRESS=10.0.0.1|"},
             Case{addresses,
                  {{"ipdel", "10.9.9.9"}},
                  "IP_ADDRESS=10.0.0.1 10.0.0.2/24 2001:db8::1|"},
             Case{addresses, {{"ipadd", "10.0.0.3"}, {"ipdel", "all"}}, "IP_ADDRESS=10.0.0.3|"},
             Case{addresses, {{"ipdel", "all"}}, "IP_ADDRESS=|"},
             Case{"NAMESERVER=10.0.0.1\nNAMESERVER=10.0.0.2\n",
                  {{"nameserver", "10.0.0.3"}, {"nameserver", "10.0.0.4"}},
                  "NAMESERVER=10.0.0.3 10.0.0.4|"},
             Case{"CAPABILITY=\"SYS_PTRACE:on CHOWN:off\"\n",
                  {{"capability", "SYS_PTRACE:off"}},
                  "CAPABILITY=CHOWN:off SYS_PTRACE:off|"},
             Case{"CAPABILITY=\"SYS_TIME:on NET_RAW:on\"\n",
                  {{"capability", "NET_RAW:off"}},
                  "CAPABILITY=SYS_TIME:on NET_RAW:off|"},
             Case{"FEATURES=\"fly:on\"\n", {{"features", "tun:on"}}, "FEATURES=fly:on tun:on|"},
             Case{"IP_ADDRESS=\"10.0.0.1 x\"\n",
                  {{"ipadd", "10.0.0.2"}},
                  "IP_ADDRESS=10.0.0.1 x 10.0.0.2|"},
             Case{"CAPABILITY=\"sys_ptrace:on CAP_CHOWN:off\"\n",
                  {{"capability", "SYS_PTRACE:off"}, {"capability", "chown:on"}},
                  "CAPABILITY=SYS_PTRACE:off chown:on|"},
             Case{"FEATURES=\"nfs:on\"\n", {{"features", "tun:on"}}, "FEATURES=nfs:on tun:on|"},
             Case{"DEVNODES=\"net/tun:rw fuse:r\"\n",
                  {{"devnodes", "net/tun:none"}, {"devnodes", "kvm:rw"}},
                  "DEVNODES=fuse:r kvm:rw|"},
             Case{"DEVICES=\"c:10:200:rw\"\n", {{"devices", "c:10:200:r"}}, "DEVICES=c:10:200:r|"},
             Case{"NETDEV=\"eth1,eth2\"\n",
                  {{"netdev_del", "eth1"}, {"netdev_add", "eth3"}},
                  "NETDEV=eth2 eth3|"},
             Case{netif,
                  {{"netif_add", "eth2,,,,br1"}},
                  "NETIF=ifname=eth0,bridge=br0,mac=00:18:51:00:00:01;ifname=eth1;"
                  "ifname=eth2,bridge=br1|"},
             Case{netif, {{"netif_del", "eth0"}}, "NETIF=ifname=eth1|"},
             Case{netif, {{"netif_del", "all"}}, "NETIF=|"},
             Case{netif,
                  {{"ifname", "eth0"}, {"bridge", "br9"}},
                  "NETIF=ifname=eth1;ifname=eth0,bridge=br9,mac=00:18:51:00:00:01|"},
             Case{"",
                  {{"netif_add", "eth0,,,,br0"}, {"ifname", "eth0"}, {"mac", "02:00:00:00:00:01"}},
                  "NETIF=ifname=eth0,mac=02:00:00:00:00:01,bridge=br0|"},
             Case{"",
                  {{"netif_add", "eth0,00:18:51:a0:b1:c2,veth1.0,00:18:51:a0:b1:c3,vmbr0"}},
                  "NETIF=ifname=eth0,mac=00:18:51:a0:b1:c2,host_ifname=veth1.0,"
                  "host_mac=00:18:51:a0:b1:c3,bridge=vmbr0|"},
         })
        EXPECT_EQ(plan(c.text, c.given), c.expected);
}

TEST(SetOption, KnowsWhetherADeviceIsChanged) {
    struct Case {
        std::vector<std::string> before, after;
        bool changes;
    };
    const Case cases[] = {
        {{}, {"ifname=eth0"}, false},
        {{"ifname=eth0"}, {}, false},
        {{"ifname=eth0"}, {"ifname=eth0;ifname=eth1,bridge=br0"}, false},
        {{"ifname=eth0,bridge=br0"}, {"ifname=eth1,bridge=br0"}, false},
        {{"ifname=eth0"}, {"ifname=eth0,bridge=br0"}, true},
        {{"ifname=eth0;ifname=eth1"}, {"ifname=eth1,mac=02:00:00:00:00:01;ifname=eth0"}, true},
        {{"mac=02:00:00:00:00:01,ifname=eth0"}, {"ifname=eth0,mac=02:00:00:00:00:01"}, true},
    };
    for (const Case& one : cases)
        EXPECT_EQ(changes_word(one.before, one.after, WordKind::Netif), one.changes)
            << (one.after.empty() ? "" : one.after.front());
}

}  // namespace

}  // namespace vps

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/config.hh"
#include "config/config_draft.hh"
#include "sys/error.hh"

namespace vps {

static const Veid kVeid = *Veid::parse("101");

static VpsConfig read(std::string_view vz_conf, std::string_view vps_conf) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Host, "vz.conf", vz_conf);
    draft.read(ConfigFile::Vps, "101.conf", vps_conf);
    return std::move(draft).finish(kVeid);
}

// Warnings, and refusals with "!", a line each.
static std::string findings(const VpsConfig& config) {
    std::string all;
    for (const auto& diagnostic : config.diagnostics)
        if (diagnostic.severity != Severity::Note)
            all += (diagnostic.severity == Severity::Refusal ? "!" : "") + diagnostic.to_string() +
                   "\n";
    return all;
}

static std::string notes(const VpsConfig& config) {
    std::string all;
    for (const auto& diagnostic : config.diagnostics)
        if (diagnostic.severity == Severity::Note)
            all += diagnostic.to_string() + "\n";
    return all;
}

static std::string addresses_of(const VpsConfig& config) {
    std::string all;
    for (const auto& address : config.addresses)
        all += address.to_string() + " ";
    return all;
}

TEST(Config, ReadsEveryField) {
    const auto config = read(
        "VIRTUOZZO=no\nVE_PARALLEL=3\nVE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\n",
        "VE_LAYOUT=\"simfs\"\nNAME=\"web\"\nDESCRIPTION=\"the shop\"\nHOSTNAME=\"w.example.org\"\n"
        "ONBOOT=\"yes\"\nBOOTORDER=\"7\"\nDISABLED=\"yes\"\nSTOP_TIMEOUT=\"30\"\n"
        "SCRIPT_TIMEOUT=\"5\"\nSTOP_VETO=\"no\"\nSTART_WAIT=\"yes\"\nSTART_FAILURE_UMOUNT_SCRIPTS="
        "\"yes\"\n"
        "USERNS=\"no\"\nPHYSPAGES=\"1:2\"\nSWAPPAGES=\"3:4\"\nVMGUARPAGES=\"5:6\"\n"
        "OOMGUARPAGES=\"7:8\"\nPRIVVMPAGES=\"9:10\"\nNUMPROC=\"11:12\"\nLEGACY_UBC_LIMITS=\"yes\"\n"
        "CPUUNITS=\"1000\"\nCPUUWEIGHT=\"500\"\nCPULIMIT=\"25\"\nCPUS=\"2\"\nCPUMASK=\"auto\"\n"
        "NODEMASK=\"0-1\"\nIOPRIO=\"6\"\n");
    EXPECT_EQ(findings(config), "");
    EXPECT_EQ(config.ve_root, "/vz/root/101");
    EXPECT_EQ(config.ve_private, "/vz/private/101");
    EXPECT_EQ(config.layout, Layout::Simfs);
    EXPECT_EQ(config.name, "web");
    EXPECT_EQ(config.description, "the shop");
    EXPECT_EQ(config.hostname, "w.example.org");
    EXPECT_EQ(config.onboot, OnBoot::Yes);
    EXPECT_EQ(config.bootorder, 7u);
    EXPECT_TRUE(config.disabled);
    EXPECT_FALSE(config.virtuozzo);
    EXPECT_EQ(config.parallel, 3u);
    EXPECT_EQ(config.stop_timeout, 30u);
    EXPECT_EQ(config.script_timeout, 5u);
    EXPECT_FALSE(config.stop_veto);
    EXPECT_TRUE(config.start_wait);
    EXPECT_TRUE(config.start_failure_umount_scripts);
    EXPECT_FALSE(config.userns);
    EXPECT_EQ(config.physpages, (BarrierLimit{1, 2}));
    EXPECT_EQ(config.swappages, (BarrierLimit{3, 4}));
    EXPECT_EQ(config.vmguarpages, (BarrierLimit{5, 6}));
    EXPECT_EQ(config.oomguarpages, (BarrierLimit{7, 8}));
    EXPECT_EQ(config.privvmpages, (BarrierLimit{9, 10}));
    EXPECT_EQ(config.numproc, (BarrierLimit{11, 12}));
    EXPECT_TRUE(config.legacy_ubc_limits);
    EXPECT_EQ(config.cpuunits, 1000u);
    EXPECT_EQ(config.cpuuweight, 500u);
    EXPECT_EQ(config.cpulimit, CpuLimit{25});
    EXPECT_EQ(config.cpus, 2u);
    EXPECT_EQ(config.cpumask->kind, CpuMask::Kind::Auto);
    EXPECT_EQ(config.nodemask->list, "0-1");
    EXPECT_EQ(config.ioprio, 6u);
    EXPECT_TRUE(config.others.empty());
}

TEST(Config, HasVzctlsDefaults) {
    const auto config = read("", "A=1");
    EXPECT_EQ(findings(config), "");
    EXPECT_FALSE(config.ve_root);
    EXPECT_EQ(config.onboot, OnBoot::Unset);
    EXPECT_EQ(config.stop_timeout, 120u);
    EXPECT_FALSE(config.script_timeout);
    EXPECT_TRUE(config.stop_veto);
    EXPECT_TRUE(config.virtuozzo);
    EXPECT_TRUE(config.userns);
    EXPECT_FALSE(config.physpages);
}

TEST(Config, LetsTheLaterFileWin) {
    const auto config = read("NUMPROC=1\nSTOP_TIMEOUT=1\nONBOOT=yes\nHOSTNAME=host\n",
                             "NUMPROC=2\nSTOP_TIMEOUT=2\nONBOOT=no\n");
    EXPECT_EQ(findings(config), "");
    EXPECT_EQ(config.numproc, (BarrierLimit{2, 2}));
    EXPECT_EQ(config.stop_timeout, 2u);
    EXPECT_EQ(config.onboot, OnBoot::No);
    EXPECT_EQ(config.hostname, "host");
}

TEST(Config, TreatsDuplicatesAsTheKeyWants) {
    const auto config = read("",
                             "NAME=one\nNAME=two\n"
                             "NUMPROC=1\nNUMPROC=2\n"
                             "DISKSPACE=1:1\nDISKSPACE=2:2\n"
                             "NETFILTER=stateless\nNETFILTER=full\n"
                             "IP_ADDRESS=\"10.0.0.1 10.0.0.2\"\nIP_ADDRESS=10.0.0.3\n");
    EXPECT_EQ(findings(config),
              "101.conf:2:1: NAME: second value ignored, that of line 1 counts\n"
              "101.conf:6:1: DISKSPACE: second value ignored, that of line 5 counts\n");
    EXPECT_EQ(config.name, "one");
    EXPECT_EQ(config.numproc, (BarrierLimit{2, 2}));
    EXPECT_EQ(config.diskspace, (BarrierLimit{1, 1}));
    EXPECT_EQ(addresses_of(config), "10.0.0.1 10.0.0.2 10.0.0.3 ");
    EXPECT_TRUE(config.others.empty());
}

TEST(Config, KnowsWhichFileAsksForDiskQuota) {
    EXPECT_EQ(read("", "").disk_quota_from, ConfigFile::None);
    EXPECT_EQ(read("DISK_QUOTA=no\n", "").disk_quota_from, ConfigFile::Host);
    EXPECT_EQ(read("DISK_QUOTA=no\n", "DISK_QUOTA=\"yes\"\n").disk_quota_from, ConfigFile::Vps);
    EXPECT_TRUE(read("DISK_QUOTA=no\n", "DISK_QUOTA=\"yes\"\n").disk_quota);
    for (const char* bad :
         {"DISKSPACE=0\n", "DISKSPACE=1x\n", "DISKINODES=x\n", "DISKINODES=10M\n",
          "DISKSPACE=1\nQUOTATIME=-1\n", "DISK_QUOTA=maybe\n", "DISKSPACE=1023B\n"})
        EXPECT_TRUE(read("", bad).refusal()) << bad;
}

TEST(Config, DoesNotJoinListsOfTwoFiles) {
    const auto config =
        read("IP_ADDRESS=10.0.0.9\nNETDEV=a\nCAPABILITY=CHOWN:off\nFEATURES=tun:on\n",
             "IP_ADDRESS=10.0.0.1\nCAPABILITY=KILL:off\nFEATURES=fuse:on\n");
    EXPECT_EQ(addresses_of(config), "10.0.0.1 ");
    EXPECT_EQ(config.netdevs, std::vector<std::string>{"a"});
    EXPECT_EQ(config.capability, (CapabilityChanges{1 << 5, 0}));
    EXPECT_EQ(config.features, (DeviceFeatures{.fuse = true}));
    EXPECT_TRUE(config.others.empty());
}

TEST(Config, TellsBadValuesOfEveryKey) {
    const std::pair<const char*, const char*> cases[] = {
        {"IP_ADDRESS=\"10.0.0.1 10.0.0.300\"", "1:22: IP_ADDRESS: '10.0.0.300': not an IP address"},
        {"NETIF=\"ifname=eth0,gw=10.0.0.1\"",
         "1:20: NETIF: 'gw=10.0.0.1': says nothing here: the VPS configures the device itself"},
        {"NETDEV=\"lo\"", "1:9: NETDEV: 'lo': no name of a device"},
        {"IPV6=\"No\"", "1:7: IPV6: bad value 'No': neither 'yes' nor 'no'"},
        {"NEIGHBOUR_DEVS=eth0",
         "1:16: NEIGHBOUR_DEVS: 'eth0': none of detect, all and list:…, taken for all"},
        {"SKIP_ARPDETECT=1", "1:16: SKIP_ARPDETECT: bad value '1': neither 'yes' nor 'no'"},
        {"ERROR_ON_ARPFAIL=\"Yes\"",
         "1:19: ERROR_ON_ARPFAIL: bad value 'Yes': neither 'yes' nor 'no'"},
        {"DEVICES=\"c:1:3:rw c:10\"", "1:19: DEVICES: 'c:10': not like c:10:200:rw or b:8:all:r"},
        {"DEVNODES=\"../sda:rw\"", "1:11: DEVNODES: '../sda:rw': not like net/tun:rw"},
        {"FEATURES=\"tun\"", "1:11: FEATURES: 'tun': not like tun:on"},
        {"CAPABILITY=\"TIME:on\"",
         "1:13: CAPABILITY: 'TIME:on': not like SYS_PTRACE:off, with a name of capabilities(7)"},
        {"LOCAL_UID=\"abc\"", "1:12: LOCAL_UID: bad value 'abc': not a whole number"},
        {"LOCAL_GID=-1", "1:11: LOCAL_GID: bad value '-1': negative"},
        // No column within a value that is not read as it is written.
        {"IP_ADDRESS=\"\\10.0.0.1 x\"", "1:13: IP_ADDRESS: 'x': not an IP address"},
    };
    for (const auto& [text, expected] : cases) {
        const auto config = read(text, "A=1\n");
        EXPECT_EQ(findings(config), "vz.conf:" + std::string(expected) + "\n");
        ASSERT_EQ(config.diagnostics.front().key,
                  std::string(text).substr(0, std::string(text).find('=')));
    }
}

TEST(Config, AddsUpTheResolverOfOneFile) {
    const auto servers = [](const char* vz_conf, const char* vps_conf) {
        return read(vz_conf, vps_conf).nameservers;
    };
    using Words = std::vector<std::string>;
    EXPECT_EQ(servers("NAMESERVER=inherit\n", ""), Words{"inherit"});
    EXPECT_EQ(servers("NAMESERVER=inherit\n", "NAMESERVER=1.1.1.1\nNAMESERVER=\"2.2.2.2\"\n"),
              (Words{"1.1.1.1", "2.2.2.2"}));
    EXPECT_EQ(servers("NAMESERVER=inherit\n", "NAMESERVER=\"\"\n"), Words{});
    EXPECT_EQ(servers("NAMESERVER=inherit\n", "NAMESERVER=x\n"), Words{"inherit"});
    EXPECT_EQ(read("SEARCHDOMAIN=a.example\n", "SEARCHDOMAIN=b.example\n").searchdomains,
              Words{"b.example"});
}

TEST(Config, SaysWhereNamesAreBad) {
    const auto config = read("",
                             "HOSTNAME=\"my host\"\nNAMESERVER=\"1.1.1.1 ns\"\n"
                             "SEARCHDOMAIN=\"a/b\"\n");
    EXPECT_FALSE(config.hostname);
    EXPECT_EQ(findings(config),
              "101.conf:1:11: HOSTNAME: bad value 'my host': a host name has letters, digits, '-', "
              "'_' and single dots between them only\n"
              "101.conf:2:21: NAMESERVER: 'ns': neither an IP address nor 'inherit'\n"
              "101.conf:3:15: SEARCHDOMAIN: 'a/b': not a domain name\n");
}

TEST(Config, KeepsUnknownKeysAndSaysNothingAtBoot) {
    const auto config = read("", "BACKUP_DIR=\"/srv/b\"\nBACKUP_DIR=\"/srv/c\"\n");
    EXPECT_EQ(findings(config), "");
    EXPECT_EQ(notes(config),
              "101.conf:1:1: unknown key 'BACKUP_DIR'\n101.conf:2:1: unknown key 'BACKUP_DIR'\n");
    EXPECT_EQ(*config.find_other("BACKUP_DIR"), "/srv/c");
    EXPECT_EQ(config.find_other("BACKUP"), nullptr);
}

TEST(Config, TakesTheLayoutFromThePrivateFileOnly) {
    EXPECT_EQ(read("VE_LAYOUT=ploop\n", "").layout, Layout::Unset);
    EXPECT_EQ(read("VE_LAYOUT=ploop\n", "VE_LAYOUT=simfs\n").layout, Layout::Simfs);
    EXPECT_EQ(read("", "VE_LAYOUT=ploop:expanded\n").layout, Layout::Ploop);
    EXPECT_EQ(read("", "VE_LAYOUT=simfs\nVE_LAYOUT=ploop\n").layout, Layout::Ploop);
}

TEST(Config, TakesTheHostsKeysFromVzConfOnly) {
    const auto config = read("", "VIRTUOZZO=no\nVE_PARALLEL=1\n");
    EXPECT_TRUE(config.virtuozzo);
    EXPECT_FALSE(config.parallel);
    EXPECT_EQ(notes(config),
              "101.conf:1:1: VIRTUOZZO counts in vz.conf only\n"
              "101.conf:2:1: VE_PARALLEL counts in vz.conf only\n");
}

TEST(Config, WarnsOfBadValuesAndGoesOn) {
    const auto config = read("", "ONBOOT=\"maybe\"\n  STOP_TIMEOUT=-5\nNUMPROC=\"9:8\"\nNAME=x\n");
    EXPECT_EQ(findings(config),
              "101.conf:1:9: ONBOOT: bad value 'maybe': neither 'yes' nor 'no'\n"
              "101.conf:2:16: STOP_TIMEOUT: bad value '-5': negative\n"
              "101.conf:3:10: NUMPROC: '9:8': the barrier is above the limit\n");
    EXPECT_EQ(config.refusal(), nullptr);
    EXPECT_EQ(config.onboot, OnBoot::Unset);
    EXPECT_EQ(config.stop_timeout, 120u);
    EXPECT_EQ(config.numproc, (BarrierLimit{9, 8}));
    EXPECT_EQ(config.name, "x");
}

TEST(Config, RefusesWhereABadValueGuards) {
    const std::string_view bad[] = {
        "PHYSPAGES=x",
        "PHYSPAGES=0",
        "PHYSPAGES=\"1",
        "SWAPPAGES=1:x",
        "NUMPROC=0:0",
        "NUMPROC=5K",
        "CPUUNITS=0",
        "CPUUWEIGHT=0",
        "CPULIMIT=-1",
        "CPULIMIT=101%",
        "CPULIMIT=x%",
        "CPUS=many",
        "CPUMASK=4-1",
        "NODEMASK=auto",
        "IOPRIO=8",
        "USERNS=maybe",
        "VE_ROOT=relative",
        "VE_ROOT=/",
        "VE_ROOT=/vz/../etc",
        "VE_PRIVATE=$HOME",
        "VE_PRIVATE=\"/a\nb\"",
        "LEGACY_UBC_LIMITS=1",
        "NETIF=\"ifname=eth0,ip_filter=ON\"",
        "NETIF=\"ifname=eth0;ifname=eth1,ip_fliter=on\"",
    };
    for (const auto text : bad) {
        const auto config = read("", text);
        ASSERT_NE(config.refusal(), nullptr) << text;
        EXPECT_EQ(config.refusal()->line, 1u) << text;
        EXPECT_EQ(read(text, "").refusal()->file, "vz.conf") << text;
    }
}

TEST(Config, RefusesADeviceThatCannotBeRead) {
    EXPECT_EQ(findings(read("", "NETIF=\"ifname=eth0;bridge=br0\"")),
              "!101.conf:1:20: NETIF: 'bridge=br0': ifname= is missing\n");
}

TEST(Config, RefusesMoreAddressesThanThereMayBe) {
    std::string text;
    for (std::size_t i = 0; i < kMostAddresses; ++i)
        text += "IP_ADDRESS=10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) +
                "." + std::to_string(i % 256) + "\n";
    EXPECT_EQ(read("", text).refusal(), nullptr);
    const auto config = read("", text + "\nIP_ADDRESS=\"10.9.9.9\"\n");
    ASSERT_NE(config.refusal(), nullptr);
    EXPECT_EQ(config.refusal()->line, kMostAddresses + 2);
    EXPECT_EQ(config.refusal()->text, "IP_ADDRESS: '10.9.9.9': more than 16384 addresses");
    EXPECT_EQ(config.addresses.size(), kMostAddresses);
}

TEST(Config, ForgivesABadValueThatAGoodOneReplaces) {
    for (const auto& config :
         {read("PHYSPAGES=x\nVE_ROOT=relative\n", "PHYSPAGES=1\nVE_ROOT=/r\n"),
          read("", "PHYSPAGES=x\nPHYSPAGES=1\nVE_ROOT=\"/r\n\nVE_ROOT=/r\n")}) {
        EXPECT_EQ(config.refusal(), nullptr) << findings(config);
        EXPECT_EQ(config.physpages, (BarrierLimit{1, 1}));
        EXPECT_EQ(config.ve_root, "/r");
    }
    EXPECT_EQ(read("NETIF=ifname=eth0,mac_filter=x\n", "NETIF=ifname=eth1\n").refusal(), nullptr);
    // A good value does not lift a bad one that comes after it.
    EXPECT_NE(read("PHYSPAGES=1\n", "PHYSPAGES=x\n").refusal(), nullptr);
    EXPECT_NE(read("", "PHYSPAGES=1\nPHYSPAGES=x\n").refusal(), nullptr);
}

TEST(Config, DoesNotRefuseForWhatNothingFollowsFrom) {
    for (const auto text :
         {"DISK_QUOTA=no\nDISKSPACE=0\nDISKINODES=\nQUOTATIME=x", "QUOTATIME=x",
          "DISKSPACE=\nDISK_QUOTA=no", "PRIVVMPAGES=many", "PRIVVMPAGES=\nLEGACY_UBC_LIMITS=no",
          "USERNS_IDS=abc\nUSERNS=no", "CPUUWEIGHT=abc\nCPUUNITS=1000"}) {
        const auto config = read("", text);
        EXPECT_EQ(config.refusal(), nullptr) << text;
        EXPECT_NE(findings(config), "") << text;
    }
    EXPECT_NE(read("", "PRIVVMPAGES=many\nLEGACY_UBC_LIMITS=yes").refusal(), nullptr);
    EXPECT_NE(read("", "QUOTATIME=x\nDISKINODES=5").refusal(), nullptr);
    EXPECT_NE(read("", "USERNS_IDS=abc").refusal(), nullptr);
    EXPECT_NE(read("", "CPUUWEIGHT=abc").refusal(), nullptr);
}

TEST(Config, TellsWhatIsIgnoredFromWhatIsTaken) {
    const auto config = read("",
                             "\xef\xbb\xbf"
                             "ONBOOT=maybe\nBOOTORDER=\nIP_ADDRESS=\"x 192.0.2.1\"\n"
                             "ONBOOT=yes\nONBOOT=no\n");
    std::string ignored, taken;
    for (const Diagnostic& found : config.diagnostics)
        (found.ignored ? ignored : taken) += found.to_string() + "\n";
    EXPECT_EQ(ignored,
              "101.conf:1:8: ONBOOT: bad value 'maybe': neither 'yes' nor 'no'\n"
              "101.conf:3:13: IP_ADDRESS: 'x': not an IP address\n");
    EXPECT_EQ(taken,
              "101.conf:1:1: a byte order mark before 'ONBOOT': passed over here, but sh makes "
              "another key of it\n"
              "101.conf:2:11: BOOTORDER: '': empty, taken for 0\n"
              "101.conf:5:1: ONBOOT: second value ignored, that of line 4 counts\n");
}

TEST(Config, RefusesNothingForAnEmptyNumber) {
    const auto config = read("",
                             "DISKSPACE=1\nQUOTATIME=\"\"\nBOOTORDER=\nIOPRIO=\nCPUUNITS=\n"
                             "STOP_TIMEOUT=\n");
    EXPECT_EQ(config.refusal(), nullptr);
    EXPECT_EQ(findings(config),
              "101.conf:2:12: QUOTATIME: '': empty, taken for 0\n"
              "101.conf:3:11: BOOTORDER: '': empty, taken for 0\n"
              "101.conf:4:8: IOPRIO: '': empty, taken for 0\n"
              "101.conf:5:10: CPUUNITS: '': empty, sets nothing\n"
              "101.conf:6:14: STOP_TIMEOUT: '': empty, taken for 0\n");
    EXPECT_EQ(config.quotatime, 0u);
    EXPECT_EQ(config.bootorder, 0u);
    EXPECT_EQ(config.ioprio, 0u);
    EXPECT_FALSE(config.cpuunits);
    EXPECT_EQ(config.stop_timeout, 0u);
    for (const std::string key : {"PHYSPAGES", "NUMPROC", "CPULIMIT", "CPUS", "IOPSLIMIT",
                                  "IOLIMIT", "DISKSPACE", "USERNS_IDS", "CPUMASK", "NODEMASK"}) {
        const auto empty = read("", key + "=\"\"");
        EXPECT_EQ(empty.refusal(), nullptr) << key;
        EXPECT_NE(findings(empty).find("empty, sets nothing"), std::string::npos) << key;
    }
    EXPECT_EQ(read("PHYSPAGES=7", "PHYSPAGES=").physpages, (BarrierLimit{7, 7}));
}

TEST(Config, KeepsTheKeyBehindAByteOrderMark) {
    const auto config = read("\xef\xbb\xbfVE_ROOT=/r\n", "\xef\xbb\xbfPHYSPAGES=\"0:64M\"\r\n");
    EXPECT_EQ(config.physpages->limit, (64u << 20) / static_cast<unsigned>(sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(config.ve_root, "/r");
    EXPECT_EQ(findings(config),
              "vz.conf:1:1: a byte order mark before 'VE_ROOT': passed over here, but sh makes "
              "another key of it\n"
              "101.conf:1:1: a byte order mark before 'PHYSPAGES': passed over here, but sh makes "
              "another key of it\n");
    EXPECT_EQ(findings(read("\xef\xbb\xbf# comment\nNAME=x\n", "NAME=x\n")), "");
}

TEST(Config, NamesTheGuardingKeyThatIsMeant) {
    for (const auto text : {"export PHYSPAGES=1", "declare -x PHYSPAGES=1", "PhysPages=1",
                            "PHYSPAGE=1", "PHYSPGAES=1", "PHYSPAGESS=1", "PHYSPACES=1",
                            "\xc2\xa0PHYSPAGES=1", "PHYSPAGES\xc2\xa0=1", "PHYSPAGES =1",
                            "physpage=1", "X=1\n\xef\xbb\xbfPHYSPAGES=1", "PHYSP\xd0\x90GES=1"}) {
        const auto config = read("", text);
        EXPECT_FALSE(config.physpages) << text;
        EXPECT_EQ(config.refusal(), nullptr) << text;
        EXPECT_NE(findings(config).find("sets nothing; PHYSPAGES is meant?\n"), std::string::npos)
            << text << findings(config);
    }
    EXPECT_EQ(
        findings(read("", "\xc2\xa0PHYSPAGES=1")),
        "101.conf:1:1: unknown key '\\xc2\\xa0PHYSPAGES', sets nothing; PHYSPAGES is meant?\n");
    EXPECT_EQ(
        findings(read("",
                      "PHYSPAGES=\xc2\xa0"
                      "1")),
        "!101.conf:1:11: PHYSPAGES: bad value '\\xc2\\xa01': neither an amount such as 512M nor "
        "'unlimited'; there is a no-break space in it\n");
    for (const auto text : {"Onboot=yes", "export ONBOOT=yes", "MY_PHYSPAGES=1", "PAGES=1", "CPU=1",
                            "DISK=1", "VE_STATE=x", "=", "\xc2\xa0=1"})
        EXPECT_EQ(findings(read("", text)).find("meant"), std::string::npos) << text;
    EXPECT_EQ(notes(read("", "Onboot=yes")),
              "101.conf:1:1: unknown key 'Onboot', sets nothing; ONBOOT is meant?\n");
}

TEST(Config, SaysThatAFileOfAVpsHoldsNothing) {
    using namespace std::string_view_literals;
    for (const auto text : {""sv, "\n"sv, "# nothing\n"sv, "\xef\xbb\xbf"sv})
        EXPECT_EQ(findings(read(text, text)), "101.conf:1:1: no setting in this file\n") << text;
    EXPECT_EQ(findings(read("",
                            "\x7f"
                            "ELF\0\0\nx=\0\n\0\n"sv)),
              "101.conf:1:1: binary data, without a setting\n");
}

TEST(Config, ReadsTheResolverOfAStockFile) {
    const auto config =
        read("NAMESERVER=inherit # Copy from the host's /etc/resolv.conf\n", "NAME=x\n");
    EXPECT_EQ(findings(config), "");
    EXPECT_EQ(config.nameservers, std::vector<std::string>{"inherit"});
}

TEST(Config, SaysItsPlaceInTheFile) {
    EXPECT_EQ(findings(read("VE_ROOT=bad\n", "\n# c\n\tVE_PRIVATE=\"bad\"\n")),
              "!vz.conf:1:9: VE_ROOT: bad value 'bad': not an absolute path\n"
              "!101.conf:3:14: VE_PRIVATE: bad value 'bad': not an absolute path\n");
}

TEST(Config, NotesCarriageReturnsOnce) {
    const auto config = read("", "NAME=\"x\"\r\nVE_ROOT=\"/r\"\r\nNUMPROC=5\r\n");
    EXPECT_EQ(findings(config), "");
    EXPECT_EQ(notes(config), "101.conf:1:1: lines end in CR LF: sh keeps the CR in every value\n");
    EXPECT_EQ(config.name, "x");
    EXPECT_EQ(config.ve_root, "/r");
    EXPECT_EQ(config.numproc, (BarrierLimit{5, 5}));
}

TEST(Config, KnowsPercentOfAllCpus) {
    EXPECT_EQ(read("", "CPULIMIT=50%\n").cpulimit, (CpuLimit{50, true}));
    EXPECT_EQ(read("", "CPULIMIT=unlimited\n").cpulimit, CpuLimit{});
}

class ConfigFiles : public testing::Test {
  protected:
    ConfigFiles() {
        char name[] = "/tmp/vps-test-XXXXXX";
        dir_ = mkdtemp(name);
        std::filesystem::create_directory(dir_ + "/conf");
    }
    ~ConfigFiles() override { std::filesystem::remove_all(dir_); }

    void write(const std::string& name, std::string_view text) const {
        std::ofstream(dir_ + "/" + name) << text;
    }
    // "exit code: text"
    [[nodiscard]] std::string load_error() const {
        try {
            (void)load_vps_config(kVeid, dir_);
        } catch (const Error& error) {
            auto text = std::to_string(static_cast<int>(error.code())) + ": " + error.what();
            if (const auto at = text.find(dir_); at != text.npos)
                text.replace(at, dir_.size(), "D");
            return text;
        }
        return "";
    }

    std::string dir_;
};

TEST_F(ConfigFiles, ThatAreBehindLinksNameWhereTheseLead) {
    write("vz.conf", "");
    std::filesystem::remove(dir_ + "/conf");
    std::filesystem::create_symlink(dir_ + "/mounted/later", dir_ + "/conf");
    EXPECT_EQ(load_error(),
              "14: 'D/conf/101.conf': no such configuration file; symbolic links lead to '" + dir_ +
                  "/mounted/later/101.conf'");
}

TEST_F(ConfigFiles, AreBothNeeded) {
    EXPECT_EQ(load_error(), "10: 'D/vz.conf': no such configuration file");
    write("vz.conf", "VE_ROOT=/r/$VEID\n");
    EXPECT_EQ(load_error(), "14: 'D/conf/101.conf': no such configuration file");
    write("conf/101.conf", "NAME=x");
    EXPECT_EQ(load_error(), "");
    const auto config = load_vps_config(kVeid, dir_);
    EXPECT_EQ(config.ve_root, "/r/101");
    EXPECT_EQ(config.name, "x");
}

TEST_F(ConfigFiles, MustBeRegular) {
    const std::string kNoRegularFile =
        ", or a symbolic link to one, and no regular file; put a regular file in its place";
    write("vz.conf", "");
    std::filesystem::create_directory(dir_ + "/conf/101.conf");
    EXPECT_EQ(load_error(), "14: 'D/conf/101.conf' is a directory" + kNoRegularFile);
    std::filesystem::remove(dir_ + "/conf/101.conf");
    ASSERT_EQ(mkfifo((dir_ + "/conf/101.conf").c_str(), 0600), 0);
    EXPECT_EQ(load_error(), "14: 'D/conf/101.conf' is a FIFO" + kNoRegularFile);
    std::filesystem::remove(dir_ + "/conf/101.conf");
    std::filesystem::create_symlink("/dev/zero", dir_ + "/conf/101.conf");
    EXPECT_EQ(load_error(), "14: 'D/conf/101.conf' is a device" + kNoRegularFile);
}

TEST_F(ConfigFiles, MayBeSmallOrLarge) {
    write("vz.conf", "\n");
    for (const std::string text : {"", "\n", "x", "\"", "=", "A="}) {
        write("conf/101.conf", text);
        EXPECT_EQ(load_error(), "") << text;
    }
    write("conf/101.conf", "NAME=\"" + std::string(1 << 20, 'x') + "\"");
    EXPECT_EQ(load_vps_config(kVeid, dir_).name->size(), 1u << 20);
    write("conf/101.conf", std::string((16 << 20) + 1, '\n'));
    EXPECT_EQ(load_error(), "14: read 'D/conf/101.conf': File too large");
}

}  // namespace vps

// Starts foretold from the files below a root directory, each with the exit code it would have.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "check/check_vps.hh"
#include "check/cluster_resources.hh"
#include "check/print.hh"
#include "context/old_programs.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;
namespace fs = std::filesystem;

class Node {
  public:
    Node() {
        for (const char* dir : {"etc/vz/conf", "private/101/sbin", "private/102/sbin", "root"})
            fs::create_directories(root_.path() + "/" + dir);
        for (const char* id : {"101", "102"})
            write("private/" + std::string(id) + "/sbin/init", "#!/bin/sh\n", 0755);
        write("etc/vz/vz.conf", "VE_ROOT=/root/$VEID\nVE_PRIVATE=/private/$VEID\n");
        write("etc/vz/conf/101.conf", "ONBOOT=yes\n");
    }

    void write(const std::string& name, const std::string& text, unsigned mode = 0644) const {
        (void)root_.write(name, text, mode);
    }
    [[nodiscard]] const std::string& path() const { return root_.path(); }
    void remove(const std::string& name) const { fs::remove_all(root_.path() + "/" + name); }

    [[nodiscard]] StartVerdict check(Checked& checked, const char* id = "101") const {
        check_vps(*Veid::parse(id), root_.path(), checked, Depth::EachFile);
        return checked.verdicts.back();
    }
    [[nodiscard]] StartVerdict check() const {
        Checked checked;
        return check(checked);
    }

  private:
    TemporaryDirectory root_;
};

std::string spell(const StartVerdict& verdict) {
    return std::to_string(static_cast<int>(verdict.code)) + " " + verdict.reason;
}

std::string primitive(const std::string& kind, const std::string& veid) {
    return "<primitive id=\"x\" " + kind +
           "><instance_attributes><nvpair name=\"other\" value=\"7\"/>"
           "<nvpair value=\"" +
           veid + "\" name=\"veid\"/></instance_attributes></primitive>";
}
const std::string kOurs = R"(class="ocf" provider="systemd-vps" type="VPS")";

TEST(CheckVps, FindsWhatAClusterManages) {
    const std::string cib =
        "<?xml version=\"1.0\"?><cib><configuration><resources><group id=\"g\">" +
        primitive(kOurs, "101") + "</group>" +
        primitive(R"(type="ManageVE" class="ocf" provider="heartbeat")", "102") +
        primitive(R"(class="ocf" provider="heartbeat" type="VPS")", "103") +
        primitive(R"(class="systemd" type="VPS" provider="systemd-vps")", "104") +
        "<nvpair name=\"veid\" value=\"105\"/></resources></configuration></cib>";
    EXPECT_EQ(find_cluster_resources(cib), (std::set<std::string>{"101", "102"}));
    EXPECT_EQ(find_cluster_resources(""), std::set<std::string>());
    EXPECT_EQ(find_cluster_resources("<cib>" + primitive(kOurs, "7") + "<"),
              std::set<std::string>{"7"});
    EXPECT_EQ(find_cluster_resources("<!DOCTYPE cib [<!ENTITY v \"101\">]><cib>" +
                                     primitive(kOurs, "&v;") + "</cib>"),
              std::set<std::string>());
    EXPECT_EQ(find_cluster_resources(std::string("<cib>\0</cib>", 12)), std::set<std::string>());
}

TEST(CheckVps, WarnsOfAStartThatAClusterHasNotDecided) {
    const Node node;
    fs::create_directories(node.path() + "/var/lib/pacemaker/cib");
    node.write("var/lib/pacemaker/cib/cib.xml", "<cib>" + primitive(kOurs, "101") + "</cib>");
    const auto warning = [&](const std::string& config) {
        node.write("etc/vz/conf/101.conf", config);
        Checked checked;
        EXPECT_EQ(node.check(checked).code,
                  config == "DISABLED=yes\n" ? ExitCode::Disabled : ExitCode::Ok);
        for (const Finding& finding : checked.files.front().findings)
            if (finding.key == "ONBOOT")
                return std::to_string(finding.line) + " " + finding.text;
        return std::string();
    };
    EXPECT_EQ(warning("\nONBOOT=yes\n"),
              "2 a cluster (Pacemaker) decides where this VPS runs, and this host would start it "
              "at boot all the same; set ONBOOT=no");
    EXPECT_EQ(warning(""),
              "0 a cluster (Pacemaker) decides where this VPS runs, and this host would start it "
              "at boot all the same, if it ran when the host went down; set ONBOOT=no");
    EXPECT_EQ(warning("ONBOOT=no\n"), "");
    EXPECT_EQ(warning("DISABLED=yes\n"), "");
    node.remove("var/lib/pacemaker");
    EXPECT_EQ(warning("ONBOOT=yes\n"), "");
}

TEST(CheckVps, WholeOneStarts) {
    const Node node;
    EXPECT_EQ(node.check().code, ExitCode::Ok) << node.check().reason;
}

TEST(CheckVps, FirstRefusalIsThatOfAStart) {
    const Node node;
    node.write("etc/vz/conf/101.conf", "DISABLED=yes\nVE_PRIVATE=/nowhere\n");
    const StartVerdict verdict = node.check();
    EXPECT_NE(verdict.code, ExitCode::Ok);
    EXPECT_NE(verdict.reason.find("DISABLED"), verdict.reason.npos) << spell(verdict);
}

TEST(CheckVps, PrivateAreaIsLookedAt) {
    const Node node;
    node.remove("private/101/sbin");
    const StartVerdict no_init = node.check();
    EXPECT_NE(no_init.code, ExitCode::Ok);
    EXPECT_NE(no_init.reason.find("init"), no_init.reason.npos) << spell(no_init);
    node.remove("private/101");
    const StartVerdict none = node.check();
    EXPECT_NE(none.code, ExitCode::Ok);
    EXPECT_NE(none.code, no_init.code);
    EXPECT_NE(none.reason.find("/private/101"), none.reason.npos) << spell(none);
}

TEST(CheckVps, FilesAreCheckedOnce) {
    const Node node;
    node.write("etc/vz/conf/vps.mount", "#!/bin/sh\n", 0755);
    node.write("etc/vz/conf/102.conf", "ONBOOT=yes\n");
    Checked checked;
    (void)node.check(checked);
    (void)node.check(checked, "102");
    int scripts = 0;
    for (const CheckedFile& file : checked.files)
        scripts += file.kind == CheckedFile::Kind::Script;
    EXPECT_EQ(scripts, 1);
    EXPECT_EQ(checked.verdicts.size(), 2U);
}

TEST(CheckVps, AddressOfTwoIsSaid) {
    const Node node;
    node.write("etc/vz/conf/101.conf", "IP_ADDRESS=192.0.2.7\n");
    node.write("etc/vz/conf/102.conf", "IP_ADDRESS=192.0.2.7\n");
    Checked checked;
    (void)node.check(checked);
    (void)node.check(checked, "102");
    EXPECT_TRUE(checked.taken.contains("the address 192.0.2.7"));
    bool said = false;
    for (const Finding& finding : checked.files.back().findings)
        said |= finding.text.find("101") != finding.text.npos;
    EXPECT_TRUE(said);
}

int count_said(const Checked& checked, const std::string& words) {
    int count = 0;
    for (const CheckedFile& file : checked.files)
        for (const Finding& finding : file.findings)
            count += finding.text.find(words) != finding.text.npos;
    return count;
}

TEST(CheckVps, PlacesOfTheHostAreRefused) {
    const Node node;
    fs::create_directories(node.path() + "/usr/bin");
    fs::create_directory_symlink("/usr", node.path() + "/private/usr");
    for (const char* line : {"VE_ROOT=/usr\n", "VE_ROOT=/root\n", "VE_ROOT=/private/usr/101\n",
                             "VE_ROOT=/private/101/mnt\n", "VE_PRIVATE=/private/usr\n"}) {
        node.write("etc/vz/conf/101.conf", line);
        const StartVerdict verdict = node.check();
        EXPECT_EQ(verdict.code, ExitCode::BadValue) << line << spell(verdict);
        EXPECT_NE(verdict.reason.find(": VE_"), verdict.reason.npos) << spell(verdict);
    }
}

TEST(CheckVps, DirectoriesInOneAnotherAreSaid) {
    const Node node;
    node.write("etc/vz/conf/102.conf", "VE_ROOT=/private/101/mnt\n");
    Checked checked;
    (void)node.check(checked);
    (void)node.check(checked, "102");
    EXPECT_EQ(count_said(checked, "lie in one another"), 1);
    // The same private area is told in other words.
    node.write("etc/vz/conf/102.conf", "VE_PRIVATE=/private/101\n");
    Checked same;
    (void)node.check(same);
    (void)node.check(same, "102");
    EXPECT_EQ(count_said(same, "lie in one another"), 0);
    EXPECT_EQ(count_said(same, "is VPS 101's, too"), 1);
}

class OldTree {
  public:
    void has_glibc(const std::string& dir, const std::string& name) {
        fs::create_directories(tree_.path() + "/" + dir);
        (void)tree_.write(dir + "/" + name, "library");
        fs::create_symlink(name, tree_.path() + "/" + dir + "/libc.so.6");
    }
    void has_init(const std::string& head) {
        fs::create_directories(tree_.path() + "/sbin");
        (void)tree_.write("sbin/init", head, 0755);
    }
    [[nodiscard]] const std::string& path() const { return tree_.path(); }
    [[nodiscard]] Fd open() const { return sys::open(tree_.path(), O_PATH | O_DIRECTORY); }

  private:
    TemporaryDirectory tree_;
};

constexpr KernelForOldPrograms kOldKernel{true, true}, kStrictKernel{false, false};

TEST(OldPrograms, GlibcIsToldByTheNameOfItsFile) {
    using Version = std::optional<std::pair<unsigned, unsigned>>;
    const struct {
        const char *dir, *name;
        Version version;
    } cases[] = {
        {"lib64", "libc-2.12.so", {{2, 12}}},
        {"lib64", "libc-2.3.4.so", {{2, 3}}},
        {"lib64", "libc-2.17.so", {{2, 17}}},
        {"lib/x86_64-linux-gnu", "libc-2.13.so", {{2, 13}}},
        {"lib64", "libc.so", std::nullopt},
        {"lib64", "libc-x.so", std::nullopt},
        {"lib64", "libc-2.so", std::nullopt},
        {"lib64", "libc-2", std::nullopt},
        {"lib64", "libc-.so", std::nullopt},
        {"lib64", "libc-2.99999999999.so", std::nullopt},
        {"lib64", "libc-\n2.1.so", std::nullopt},
        {"lib", "libc-2.12.so", std::nullopt},
    };
    for (const auto& [dir, name, version] : cases) {
        OldTree tree;
        tree.has_glibc(dir, name);
        EXPECT_EQ(find_glibc_version(tree.open()), version) << dir << "/" << name;
    }
    EXPECT_EQ(find_glibc_version(OldTree().open()), std::nullopt);
    // A link out of the tree ends in the tree.
    const OldTree tree;
    fs::create_directories(tree.path() + "/lib64");
    fs::create_symlink("/../../../lib/x86_64-linux-gnu/libc.so.6",
                       tree.path() + "/lib64/libc.so.6");
    EXPECT_EQ(find_glibc_version(tree.open()), std::nullopt);
}

TEST(OldPrograms, AreToldWhereTheKernelDoesNotRunThem) {
    OldTree old;
    old.has_glibc("lib64", "libc-2.12.so");
    EXPECT_EQ(explain_vsyscalls(old.open(), kOldKernel), std::nullopt);
    const auto why = explain_vsyscalls(old.open(), kStrictKernel);
    ASSERT_TRUE(why);
    EXPECT_NE(why->find("glibc 2.12"), why->npos) << *why;
    EXPECT_NE(why->find("vsyscall=xonly"), why->npos) << *why;
    OldTree newer;
    newer.has_glibc("lib64", "libc-2.14.so");
    EXPECT_EQ(explain_vsyscalls(newer.open(), kStrictKernel), std::nullopt);
}

TEST(OldPrograms, AnInitOf32BitsIsRefusedWhereTheKernelHasNone) {
    OldTree tree;
    tree.has_init(std::string("\177ELF\1\1\1", 7) + std::string(9, '\0'));
    EXPECT_EQ(explain_init_32_bit(tree.open(), kOldKernel), std::nullopt);
    ASSERT_TRUE(explain_init_32_bit(tree.open(), kStrictKernel));
    OldTree newer;
    newer.has_init(std::string("\177ELF\2\1\1", 7) + std::string(9, '\0'));
    EXPECT_EQ(explain_init_32_bit(newer.open(), kStrictKernel), std::nullopt);
    OldTree script;
    script.has_init("#!/bin/sh\n");
    EXPECT_EQ(explain_init_32_bit(script.open(), kStrictKernel), std::nullopt);
}

TEST(CheckVps, TheListOfMountsIsNoFile) {
    const Node node;
    Checked linked;
    fs::create_directories(node.path() + "/private/101/etc");
    fs::create_symlink("../proc/mounts", node.path() + "/private/101/etc/mtab");
    (void)node.check(linked);
    EXPECT_EQ(count_said(linked, "/etc/mtab"), 0);
    node.remove("private/101/etc/mtab");
    node.write("private/101/etc/mtab", "/dev/simfs / simfs rw 0 0\n");
    Checked file;
    EXPECT_EQ(node.check(file).code, ExitCode::Ok);
    EXPECT_EQ(count_said(file, "/etc/mtab is a file"), 1);
}

TEST(CheckVps, AddressesOfTheVpsItselfAreThoseOfTheConfiguration) {
    const Node node;
    const std::string etc = "private/101/etc/";
    fs::create_directories(node.path() + "/" + etc + "sysconfig/network-scripts");
    fs::create_directories(node.path() + "/" + etc + "network");
    const auto count = [&](const std::string& addresses) {
        node.write("etc/vz/conf/101.conf", "IP_ADDRESS=\"" + addresses + "\"\n");
        Checked checked;
        EXPECT_EQ(node.check(checked).code, ExitCode::Ok);
        return count_said(checked, "which IP_ADDRESS does not have");
    };
    const std::string scripts = etc + "sysconfig/network-scripts/";
    node.write(scripts + "ifcfg-lo", "DEVICE=lo\nIPADDR=192.0.2.1\n");
    node.write(scripts + "ifcfg-venet0",
               "DEVICE=venet0\nIPADDR=127.0.0.1\nIPV6ADDR=\"2001:db8::7/128\"\n");
    node.write(scripts + "ifcfg-venet0:0",
               "DEVICE=venet0:0\nIPADDR='192.0.2.7'\nNETMASK=255.255.255.255\n");
    node.write(scripts + "ifcfg-venet0:0.bak", "IPADDR=192.0.2.66\n");
    EXPECT_EQ(count("192.0.2.7 2001:db8::7"), 0);
    EXPECT_EQ(count("192.0.2.7/24 2001:db8:0::7"), 0);
    EXPECT_EQ(count("192.0.2.7"), 1);
    EXPECT_EQ(count("192.0.2.8 2001:db8::7"), 1);
    node.write(scripts + "ifcfg-venet0:1", "IPV6ADDR_SECONDARIES=\"2001:db8::7 2001:db8::8\"\n");
    EXPECT_EQ(count("192.0.2.7 2001:db8::7"), 1);
    EXPECT_EQ(count("192.0.2.7 2001:db8::7 2001:db8::8"), 0);
    // Debian's kind.
    node.write(etc + "network/interfaces",
               "auto venet0 lo\niface lo inet static\n\taddress 10.0.0.1\n"
               "iface venet0 inet manual\n\taddress 127.0.0.1\n"
               "auto venet0:0\niface venet0:0 inet static\n\taddress 192.0.2.9\n"
               "iface eth0 inet static\n\taddress 192.0.2.10\n");
    EXPECT_EQ(count("192.0.2.7 2001:db8::7 2001:db8::8"), 1);
    EXPECT_EQ(count("192.0.2.7 2001:db8::7 2001:db8::8 192.0.2.9"), 0);
    // Hostile: no file, no address, a way out.
    node.remove(etc + "network/interfaces");
    fs::create_directory(node.path() + "/" + etc + "network/interfaces");
    node.write(scripts + "ifcfg-venet0:2", std::string("IPADDR=\0\nIPADDR\nIPADDR=x\n=\n", 23));
    fs::create_symlink("/etc/passwd", node.path() + "/" + scripts + "ifcfg-venet0:3");
    EXPECT_EQ(count("192.0.2.7 2001:db8::7 2001:db8::8"), 0);
}

TEST(CheckVps, OtherFilesAreNoVps) {
    const Node node;
    Checked checked;
    EXPECT_THROW(check_file("/etc/passwd", checked), Error);
}

// As on the node itself: nothing of this host is taken for another node's.
TEST(CheckVps, FollowsTheLinksOfANodeBelowItsRoot) {
    const Node node;
    const auto move = [&](const char* from, const char* to) {
        fs::create_directories((node.path() + to).substr(0, (node.path() + to).rfind('/')));
        fs::rename(node.path() + from, node.path() + to);
        fs::create_symlink(to, node.path() + from);
    };
    node.write("etc/vz/conf/101.mount", "#!/no/such/interpreter\n", 0755);
    move("/etc/vz/conf/101.mount", "/hooks/mount");
    move("/etc/vz/conf/101.conf", "/configs/101.conf");
    move("/etc/vz/conf", "/cluster/openvz");
    move("/etc/vz/vz.conf", "/sysconfig/vz");
    move("/private", "/disk/areas");
    Checked checked;
    check_host(node.path(), checked);
    ASSERT_EQ(checked.files.size(), 1U);
    EXPECT_EQ(count_findings(checked, Grade::Error), 0U);
    EXPECT_NE(spell(node.check(checked)).find("79 "), std::string::npos);
    EXPECT_NE(spell(node.check(checked)).find("/no/such/interpreter"), std::string::npos);
    node.remove("hooks/mount");
    EXPECT_NE(spell(node.check(checked)).find("/hooks/mount', which does not exist"),
              std::string::npos);
    node.remove("cluster/openvz/101.mount");
    EXPECT_EQ(node.check(checked).code, ExitCode::Ok) << spell(node.check(checked));
    // A file of this host's is none of the node's.
    node.remove("cluster/openvz/101.conf");
    fs::create_symlink("/proc/version", node.path() + "/cluster/openvz/101.conf");
    EXPECT_EQ(node.check(checked).code, ExitCode::NoVpsConf);
}

}  // namespace

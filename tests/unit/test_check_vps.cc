// Starts foretold from the files below a root directory, each with the exit code it would have.

#include <gtest/gtest.h>

#include <filesystem>

#include "check/check_vps.hh"
#include "sys/error.hh"
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

TEST(CheckVps, OtherFilesAreNoVps) {
    const Node node;
    Checked checked;
    EXPECT_THROW(check_file("/etc/passwd", checked), Error);
}

}  // namespace

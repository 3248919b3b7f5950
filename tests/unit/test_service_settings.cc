#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "systemd/service_settings.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

// proc(5) with two processes.
class Proc {
  public:
    void set(const std::string& process, const std::string& kind, const char* target) const {
        const std::string dir = dir_.path() + "/" + process + "/ns";
        std::filesystem::create_directories(dir);
        std::filesystem::remove(dir + "/" + kind);
        std::filesystem::create_symlink(target, dir + "/" + kind);
    }
    void write(const std::string& process, const std::string& file, const std::string& text) const {
        const std::string dir = dir_.path() + "/" + process;
        std::filesystem::create_directories(dir);
        std::ofstream(dir + "/" + file) << text;
    }
    [[nodiscard]] std::vector<std::string> lost() const {
        return explain_lost_rights("vps@101.service", dir_.path());
    }
    [[nodiscard]] std::string why() const {
        return explain_own_namespaces("vps@101.service", dir_.path()).value_or("");
    }

  private:
    TemporaryDirectory dir_;
};

TEST(OwnNamespaces, AreToldWithTheSettingsThatMakeThem) {
    const Proc proc;
    EXPECT_EQ(proc.why(), "");  // nothing can be told
    for (const char* process : {"self", "1"}) {
        proc.set(process, "mnt", "mnt:[10]");
        proc.set(process, "net", "net:[20]");
    }
    EXPECT_EQ(proc.why(), "");
    proc.set("self", "net", "net:[21]");
    EXPECT_NE(proc.why().find("a network namespace"), std::string::npos);
    EXPECT_NE(proc.why().find("PrivateNetwork="), std::string::npos);
    proc.set("self", "mnt", "mnt:[11]");
    EXPECT_NE(proc.why().find("PrivateTmp="), std::string::npos);
    EXPECT_NE(proc.why().find("systemctl cat vps@101.service"), std::string::npos);
}

TEST(OwnNamespaces, AreSeenFromWithinAUserNamespace) {
    const Proc proc;
    for (const char* process : {"self", "1"})
        proc.write(process, "uid_map", "0 0 4294967295\n");
    proc.set("self", "mnt", "mnt:[10]");  // and PID 1's cannot be read
    EXPECT_EQ(proc.why(), "");
    proc.write("self", "uid_map", "0 0 1\n");
    EXPECT_NE(proc.why().find("PrivateUsers="), std::string::npos);
}

TEST(LostRights, AreThoseThatPid1Has) {
    const auto status = [](const char* no_new, const char* filters, const char* capabilities) {
        return std::string("Name:\tx\nCapBnd:\t") + capabilities + "\nNoNewPrivs:\t" + no_new +
               "\nSeccomp:\t2\nSeccomp_filters:\t" + filters + "\n";
    };
    const Proc proc;
    EXPECT_TRUE(proc.lost().empty());  // nothing can be told
    // A host that is a container itself, whose PID 1 has less than the kernel knows.
    proc.write("1", "status", status("0", "2", "000001ffffffffff"));
    proc.write("self", "status", status("0", "2", "000001ffffffffff"));
    EXPECT_TRUE(proc.lost().empty());
    const std::pair<std::string, const char*> cases[] = {
        {status("1", "2", "000001ffffffffff"), "NoNewPrivileges="},
        {status("0", "10", "000001ffffffffff"), "SystemCallFilter="},
        {status("0", "2", "000001ffffffdfff"), "CapabilityBoundingSet="},
    };
    for (const auto& [text, setting] : cases) {
        proc.write("self", "status", text);
        const auto lost = proc.lost();
        ASSERT_EQ(lost.size(), 1U) << setting;
        EXPECT_NE(lost[0].find(setting), std::string::npos) << lost[0];
        EXPECT_NE(lost[0].find("systemctl cat vps@101.service"), std::string::npos);
    }
    proc.write("1", "status", status("1", "10", "000001ffffffdfff"));
    EXPECT_TRUE(proc.lost().empty());
    proc.write("self", "status", "Name:\tx\n");
    EXPECT_TRUE(proc.lost().empty());
}

}  // namespace

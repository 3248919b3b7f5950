#include <gtest/gtest.h>

#include <filesystem>

#include "systemd/own_namespaces.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

// proc(5) with the namespaces of two processes.
class Proc {
  public:
    void set(const std::string& process, const std::string& kind, const char* target) const {
        const std::string dir = dir_.path() + "/" + process + "/ns";
        std::filesystem::create_directories(dir);
        std::filesystem::remove(dir + "/" + kind);
        std::filesystem::create_symlink(target, dir + "/" + kind);
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

}  // namespace

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "context/init_program.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

class InitProgram : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* dir : {"/sbin", "/bin", "/lib"})
            sys::mkdir_all(dir_.path() + dir, 0755);
    }
    bool is_32_bit() const { return is_init_32_bit(sys::open(dir_.path(), O_PATH | O_DIRECTORY)); }
    std::string path(const std::string& name) const { return dir_.path() + name; }
    void link(const std::string& target, const std::string& name) const {
        ASSERT_EQ(symlink(target.c_str(), path(name).c_str()), 0);
    }

    const std::string elf32_ = std::string(
                                   "\x7f"
                                   "ELF\x01\x01\x01",
                                   7) +
                               std::string(40, '\0');
    const std::string elf64_ = std::string(
                                   "\x7f"
                                   "ELF\x02\x01\x01",
                                   7) +
                               std::string(40, '\0');
    TemporaryDirectory dir_;
};

TEST_F(InitProgram, IsAProgram) {
    const auto why = [&] {
        const auto text = explain_no_init(sys::open(dir_.path(), O_PATH | O_DIRECTORY), "R");
        return text.value_or("");
    };
    EXPECT_EQ(why(), "there is no init in 'R' (looked for /sbin/init, /etc/init, /bin/init)");
    (void)dir_.write("bin/init", elf64_, 0755);
    EXPECT_EQ(why(), "");
    (void)dir_.write("sbin/init", elf64_, 0644);  // the first counts
    EXPECT_EQ(why(), "init, '/sbin/init' in 'R', has no run bit (chmod +x)");
    ASSERT_EQ(unlink(path("/sbin/init").c_str()), 0);
    ASSERT_EQ(mkfifo(path("/sbin/init").c_str(), 0755), 0);
    EXPECT_EQ(why(),
              "init, '/sbin/init' in 'R', is a FIFO, and no program; put the VPS's init there");
    ASSERT_EQ(unlink(path("/sbin/init").c_str()), 0);
    sys::mkdir_all(path("/sbin/init"), 0755);
    EXPECT_NE(why().find("is a directory"), std::string::npos) << why();
}

TEST_F(InitProgram, IsToldByItsClass) {
    EXPECT_FALSE(is_32_bit());
    (void)dir_.write("bin/init", elf32_);
    EXPECT_TRUE(is_32_bit());
    (void)dir_.write("sbin/init", elf64_);  // the first counts
    EXPECT_FALSE(is_32_bit());
    for (const std::string& other :
         {std::string(), std::string("#!/bin/sh\n"), elf32_.substr(0, 8)}) {
        (void)dir_.write("sbin/init", other);
        EXPECT_FALSE(is_32_bit()) << other;
    }
}

TEST_F(InitProgram, IsAScriptByItsFirstLine) {
    const auto is_script = [&] {
        return is_init_script(sys::open(dir_.path(), O_PATH | O_DIRECTORY));
    };
    EXPECT_FALSE(is_script());
    (void)dir_.write("sbin/init", "#!/bin/sh\n");
    EXPECT_TRUE(is_script());
    for (const std::string& other : {elf64_, std::string("#"), std::string()}) {
        (void)dir_.write("sbin/init", other);
        EXPECT_FALSE(is_script()) << other;
    }
}

TEST_F(InitProgram, IsAnOldSystemdWithoutANewLibrary) {
    const auto is_old = [&] {
        return is_init_old_systemd(sys::open(dir_.path(), O_PATH | O_DIRECTORY));
    };
    EXPECT_FALSE(is_old());
    (void)dir_.write("sbin/init", elf64_);  // no systemd
    EXPECT_FALSE(is_old());
    (void)unlink(path("/sbin/init").c_str());
    sys::mkdir_all(path("/lib/systemd"), 0755);
    (void)dir_.write("lib/systemd/systemd", elf64_);
    link("/lib/systemd/systemd", "/sbin/init");
    EXPECT_TRUE(is_old());
    for (const char* file :
         {"lib/systemd/libsystemd-shared-229.so", "lib/systemd/libsystemd-shared-.so",
          "lib/systemd/libsystemd-daemon.so.0"})
        (void)dir_.write(file, "");
    EXPECT_TRUE(is_old());
    for (const std::string dir :
         {"/lib/systemd", "/usr/lib64/systemd", "/usr/lib/x86_64-linux-gnu/systemd"}) {
        sys::mkdir_all(path(dir), 0755);
        const std::string library = dir.substr(1) + "/libsystemd-shared-252.so";
        (void)dir_.write(library, "");
        EXPECT_FALSE(is_old()) << dir;
        (void)unlink(path("/" + library).c_str());
    }
    EXPECT_TRUE(is_old());
}

TEST_F(InitProgram, LinksAreFollowedInsideOnly) {
    (void)dir_.write("lib/init", elf32_);
    link("/lib/init", "/sbin/init");
    EXPECT_TRUE(is_32_bit());
    (void)unlink(path("/sbin/init").c_str());
    link("../../../../../../../../lib/init", "/sbin/init");
    EXPECT_TRUE(is_32_bit());
}

TEST_F(InitProgram, AFifoHoldsNobodyUp) {
    ASSERT_EQ(mkfifo(path("/sbin/init").c_str(), 0700), 0);
    EXPECT_FALSE(is_32_bit());
}

}  // namespace

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "leave_out.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

namespace fs = std::filesystem;

class GuestFile : public testing::Test {
  protected:
    const TemporaryDirectory temporary_;
    const fs::path dir_ = temporary_.path();
    const vps::Fd root_ = vps::sys::open(dir_, O_PATH | O_DIRECTORY);
};

TEST_F(GuestFile, ReadsARegularFileAlsoBehindALinkOfTheVps) {
    std::ofstream(dir_ / "text") << "hello";
    fs::create_symlink("/../../text", dir_ / "link");
    for (const char* name : {"/text", "/link"}) {
        const vps::Fd file = vps::find_guest_file(root_, name);
        ASSERT_TRUE(file) << name;
        EXPECT_EQ(vps::sys::read_all(file, name), "hello");
    }
}

// The open of a fifo would end a writer's wait for a reader.
TEST_F(GuestFile, OpensNothingElse) {
    ASSERT_EQ(mkfifo((dir_ / "fifo").c_str(), 0600), 0);
    ASSERT_EQ(mkdir((dir_ / "dir").c_str(), 0700), 0);
    fs::create_symlink("/nowhere", dir_ / "dangling");
    for (const char* name : {"/fifo", "/dir", "/dangling", "/none"})
        EXPECT_FALSE(vps::find_guest_file(root_, name)) << name;
    EXPECT_LT(open((dir_ / "fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC), 0);
}

TEST_F(GuestFile, OpensNoDevice) {
    if (mknod((dir_ / "device").c_str(), S_IFCHR | 0600, makedev(1, 3)) < 0)
        LEAVE_OUT("only root makes device nodes");
    EXPECT_FALSE(vps::find_guest_file(root_, "/device"));
}

}  // namespace

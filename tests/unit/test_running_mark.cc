#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "state/running_mark.hh"
#include "sys/error.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

class RunningMark : public testing::Test {
  protected:
    const TemporaryDirectory top_;
    const std::string dir_ = top_.path() + "/lib/running";
    const Veid veid_ = *Veid::parse("101"), other_ = *Veid::parse("1010");
};

}  // namespace

TEST_F(RunningMark, IsThereUntilForgotten) {
    EXPECT_FALSE(is_noted_running(veid_, dir_));
    EXPECT_TRUE(note_running(veid_, dir_));  // the call makes the directory, too
    EXPECT_FALSE(note_running(veid_, dir_));
    EXPECT_TRUE(is_noted_running(veid_, dir_));
    EXPECT_FALSE(is_noted_running(other_, dir_));
    EXPECT_NO_THROW(sync_running(dir_));
    forget_running(other_, dir_);
    EXPECT_TRUE(is_noted_running(veid_, dir_));
    forget_running(veid_, dir_);
    EXPECT_FALSE(is_noted_running(veid_, dir_));
    EXPECT_NO_THROW(forget_running(veid_, dir_));
}

TEST_F(RunningMark, SaysWhatIsInTheWay) {
    ASSERT_TRUE(std::filesystem::create_directories(top_.path() + "/lib"));
    ASSERT_EQ(symlink("/proc/self/nowhere", dir_.c_str()), 0);  // no file can be made there
    EXPECT_THROW(note_running(veid_, dir_), SysError);
    EXPECT_FALSE(is_noted_running(veid_, dir_));
    EXPECT_THROW(sync_running(dir_), SysError);
}

}  // namespace vps

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "error.hh"
#include "running_mark.hh"

namespace vps {

namespace {

class RunningMark : public testing::Test {
  protected:
    void SetUp() override {
        char pattern[] = "/tmp/vps-mark-XXXXXX";
        ASSERT_NE(mkdtemp(pattern), nullptr);
        top_ = pattern;
        dir_ = top_ + "/lib/running";
    }
    void TearDown() override { std::filesystem::remove_all(top_); }

    std::string top_, dir_;
    const Veid veid_ = *Veid::parse("101"), other_ = *Veid::parse("1010");
};

}  // namespace

TEST_F(RunningMark, IsThereUntilForgotten) {
    EXPECT_FALSE(is_noted_running(veid_, dir_));
    EXPECT_TRUE(note_running(veid_, dir_));  // makes the directory, too
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
    ASSERT_TRUE(std::filesystem::create_directories(top_ + "/lib"));
    ASSERT_EQ(symlink("/proc/self/nowhere", dir_.c_str()), 0);  // where nothing can be made
    EXPECT_THROW(note_running(veid_, dir_), SysError);
    EXPECT_FALSE(is_noted_running(veid_, dir_));
    EXPECT_THROW(sync_running(dir_), SysError);
}

}  // namespace vps

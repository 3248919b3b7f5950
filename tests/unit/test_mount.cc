// Mounts for real, in a mount namespace of the test's own; needs root.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

class Mounts : public testing::Test {
  protected:
    void SetUp() override {
        if (getuid() != 0 && !getenv("CI"))
            GTEST_SKIP() << "needs root";
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(mkdir(source_.c_str(), 0755), 0);
        ASSERT_EQ(mkdir(target_.c_str(), 0755), 0);
        (void)dir_.write("private/file", "text");
    }
    void TearDown() override { (void)umount2(target_.c_str(), MNT_DETACH); }

    std::size_t count() const { return mounts_at_or_below(read_mounts(), target_).size(); }
    std::string below(const std::string& name) const {
        sys::mkdir_all(target_ + "/" + name, 0755);
        return target_ + "/" + name;
    }

    TemporaryDirectory dir_;
    std::string source_ = dir_.path() + "/private", target_ = dir_.path() + "/root";
};

TEST_F(Mounts, ABindShowsTheSourceAndNothingMountedBelowIt) {
    sys::mkdir_all(source_ + "/sub", 0755);
    ASSERT_EQ(mount("tmpfs", (source_ + "/sub").c_str(), "tmpfs", 0, nullptr), 0);
    (void)dir_.write("private/sub/hidden", "");
    bind_mount({.source = source_, .target = target_});
    EXPECT_EQ(sys::read_file(target_ + "/file"), "text");
    EXPECT_FALSE(std::filesystem::exists(target_ + "/sub/hidden"));
    EXPECT_EQ(count(), 1U);
    dismount_tree(target_, {});
    EXPECT_EQ(count(), 0U);
    ASSERT_EQ(umount((source_ + "/sub").c_str()), 0);
}

TEST_F(Mounts, OptionsAreTheMountsOwn) {
    bind_mount(
        {.source = source_, .target = target_, .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC});
    struct statvfs fs {};
    ASSERT_EQ(statvfs(target_.c_str(), &fs), 0);
    EXPECT_TRUE(fs.f_flag & ST_RDONLY);
    EXPECT_TRUE(fs.f_flag & ST_NOEXEC);
    ASSERT_EQ(statvfs(source_.c_str(), &fs), 0);
    EXPECT_FALSE(fs.f_flag & ST_RDONLY);
    dismount_tree(target_, {});
}

TEST_F(Mounts, AFailedBindLeavesNothing) {
    EXPECT_THROW(bind_mount({.source = source_ + "/missing", .target = target_}), SysError);
    EXPECT_THROW(bind_mount({.source = source_, .target = target_ + "/missing"}), SysError);
    EXPECT_THROW(bind_mount({.source = source_, .target = target_, .set = 1ULL << 40}), SysError);
    EXPECT_EQ(count(), 0U);
}

TEST_F(Mounts, WhatIsMountedBelowDoesNotShowUpInTheSource) {
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr), 0);
    bind_mount({.source = source_, .target = target_});
    make_shared(target_);
    ASSERT_EQ(mount("tmpfs", below("sub").c_str(), "tmpfs", 0, nullptr), 0);
    EXPECT_EQ(count(), 2U);
    EXPECT_EQ(mounts_at_or_below(read_mounts(), source_ + "/sub").size(), 0U);
    dismount_tree(target_, {});
    EXPECT_EQ(count(), 0U);
}

TEST_F(Mounts, AWholeTreeIsDismounted) {
    bind_mount({.source = source_, .target = target_});
    for (const char* name : {"a", "a/b", "with blank", "with\nnewline", "back\\slash", "a"})
        ASSERT_EQ(mount("tmpfs", below(name).c_str(), "tmpfs", 0, nullptr), 0);
    ASSERT_EQ(mount("tmpfs", target_.c_str(), "tmpfs", 0, nullptr), 0);  // over VE_ROOT itself
    EXPECT_EQ(count(), 8U);
    dismount_tree(target_, {});
    EXPECT_EQ(count(), 0U);
    EXPECT_EQ(sys::read_file(source_ + "/file"), "text");
}

TEST_F(Mounts, ABusyOneIsNamedWithItsHolder) {
    bind_mount({.source = source_, .target = target_});
    const Fd held = sys::open(target_ + "/file", O_RDONLY);
    try {
        dismount_tree(target_, deadline_after(0));
        FAIL() << "dismounted";
    } catch (const Error& error) {
        const std::string text = error.what();
        EXPECT_EQ(error.code(), ExitCode::CannotDismount);
        EXPECT_NE(text.find(target_), std::string::npos) << text;
        EXPECT_NE(text.find("held by test-host (pid " + std::to_string(getpid())),
                  std::string::npos)
            << text;
    }
    EXPECT_EQ(count(), 1U);
}

}  // namespace

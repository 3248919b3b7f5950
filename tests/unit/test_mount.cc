// Makes real mounts in a mount namespace of its own; needs root.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "be_root.hh"
#include "leave_out.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

class Mounts : public testing::Test {
  protected:
    void SetUp() override {
        if (!be_root())
            LEAVE_OUT("no user namespaces on this machine");
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
    bind_mount({.source = source_, .target = target_}).keep();
    EXPECT_EQ(sys::read_file(target_ + "/file"), "text");
    EXPECT_FALSE(std::filesystem::exists(target_ + "/sub/hidden"));
    EXPECT_EQ(count(), 1U);
    dismount_tree(target_, {});
    EXPECT_EQ(count(), 0U);
    ASSERT_EQ(umount((source_ + "/sub").c_str()), 0);
}

TEST_F(Mounts, OptionsAreTheMountsOwn) {
    bind_mount({.source = source_, .target = target_, .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC})
        .keep();
    struct statvfs fs {};
    ASSERT_EQ(statvfs(target_.c_str(), &fs), 0);
    EXPECT_TRUE(fs.f_flag & ST_RDONLY);
    EXPECT_TRUE(fs.f_flag & ST_NOEXEC);
    ASSERT_EQ(statvfs(source_.c_str(), &fs), 0);
    EXPECT_FALSE(fs.f_flag & ST_RDONLY);
    dismount_tree(target_, {});
}

TEST_F(Mounts, AFailedBindLeavesNothing) {
    EXPECT_THROW((void)bind_mount({.source = source_ + "/missing", .target = target_}), SysError);
    EXPECT_THROW((void)bind_mount({.source = source_, .target = target_ + "/missing"}), SysError);
    EXPECT_THROW((void)bind_mount({.source = source_, .target = target_, .set = 1ULL << 40}),
                 SysError);
    EXPECT_EQ(count(), 0U);
}

TEST_F(Mounts, AreUndoneUnlessKeptWhateverExceptionPasses) {
    ASSERT_EQ(mount("tmpfs", target_.c_str(), "tmpfs", 0, nullptr), 0);  // somebody else's
    try {
        const MountGuard guard = bind_mount({.source = source_, .target = target_});
        ASSERT_EQ(mount("tmpfs", below("sub").c_str(), "tmpfs", 0, nullptr), 0);
        EXPECT_EQ(count(), 3U);
        throw std::bad_alloc();
    } catch (const std::bad_alloc&) {
        EXPECT_EQ(count(), 1U);
    }
    {
        MountGuard first = bind_mount({.source = source_, .target = target_});
        MountGuard owner = std::move(first);
        owner.keep();
    }
    EXPECT_EQ(count(), 2U);
    dismount_tree(target_, {});
}

TEST_F(Mounts, WhatIsMountedBelowDoesNotShowUpInTheSource) {
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr), 0);
    bind_mount({.source = source_, .target = target_}).keep();
    make_shared(target_);
    ASSERT_EQ(mount("tmpfs", below("sub").c_str(), "tmpfs", 0, nullptr), 0);
    EXPECT_EQ(count(), 2U);
    EXPECT_EQ(mounts_at_or_below(read_mounts(), source_ + "/sub").size(), 0U);
    dismount_tree(target_, {});
    EXPECT_EQ(count(), 0U);
}

TEST_F(Mounts, AWholeTreeIsDismounted) {
    bind_mount({.source = source_, .target = target_}).keep();
    for (const char* name : {"a", "a/b", "with blank", "with\nnewline", "back\\slash", "a"})
        ASSERT_EQ(mount("tmpfs", below(name).c_str(), "tmpfs", 0, nullptr), 0);
    ASSERT_EQ(mount("tmpfs", target_.c_str(), "tmpfs", 0, nullptr), 0);  // over VE_ROOT itself
    EXPECT_EQ(count(), 8U);
    dismount_tree(target_, {});
    EXPECT_EQ(count(), 0U);
    EXPECT_EQ(sys::read_file(source_ + "/file"), "text");
}

// The host's own directory with a disk in it, whose copies are below VE_ROOT.
class CopiesOfTheHosts : public Mounts {
  protected:
    void SetUp() override {
        Mounts::SetUp();
        if (IsSkipped())
            return;
        ASSERT_EQ(mkdir(host_.c_str(), 0755), 0);
        ASSERT_EQ(mount("tmpfs", host_.c_str(), "tmpfs", 0, nullptr), 0);
        ASSERT_EQ(mount(nullptr, host_.c_str(), nullptr, MS_SHARED, nullptr), 0);
        mount_disk("nested");
        bind_mount({.source = source_, .target = target_}).keep();
        make_private(target_);
        ASSERT_EQ(mount(host_.c_str(), below("srv").c_str(), nullptr, MS_BIND | MS_REC, nullptr),
                  0);
    }
    void TearDown() override {
        Mounts::TearDown();
        (void)umount2(host_.c_str(), MNT_DETACH);
    }
    void mount_disk(const std::string& name) const {
        sys::mkdir_all(host_ + "/" + name, 0755);
        ASSERT_EQ(mount("tmpfs", (host_ + "/" + name).c_str(), "tmpfs", 0, nullptr), 0);
        sys::replace_file(host_ + "/" + name + "/file", "precious");
    }
    void expect_precious(const std::string& name) const {
        EXPECT_EQ(sys::read_file(host_ + "/" + name + "/file"), "precious");
    }
    std::string host_ = dir_.path() + "/host";
};

TEST_F(CopiesOfTheHosts, ReceiveAndGiveNothingBack) {
    make_receiving(target_);
    mount_disk("later");
    EXPECT_EQ(sys::read_file(target_ + "/srv/later/file"), "precious");
    ASSERT_EQ(mount("tmpfs", below("srv/nested").c_str(), "tmpfs", 0, nullptr), 0);
    expect_precious("nested");
    const Fd held = sys::open(host_ + "/later/file", O_RDONLY);  // busy on the host
    dismount_tree(target_, deadline_after(0));
    EXPECT_EQ(count(), 0U);
    expect_precious("nested");
    expect_precious("later");
}

TEST_F(CopiesOfTheHosts, AreDismountedAlone) {
    mount_disk("later");
    // A mount that another one hides is a peer all the same.
    ASSERT_EQ(mount("tmpfs", (target_ + "/srv").c_str(), "tmpfs", 0, nullptr), 0);
    ASSERT_EQ(umount2(host_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW), 0);  // what came back to it
    const Fd held = sys::open(host_ + "/later/file", O_RDONLY);
    dismount_tree(target_, deadline_after(0));
    EXPECT_EQ(count(), 0U);
    expect_precious("nested");
    expect_precious("later");
}

TEST_F(CopiesOfTheHosts, AreDetachedAlone) {
    mount_disk("later");
    const Fd held = sys::open(target_ + "/srv/later/file", O_RDONLY);
    detach_tree(target_);
    EXPECT_EQ(count(), 0U);
    expect_precious("nested");
    expect_precious("later");
}

TEST_F(Mounts, ABusyOneIsNamedWithItsHolder) {
    bind_mount({.source = source_, .target = target_}).keep();
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

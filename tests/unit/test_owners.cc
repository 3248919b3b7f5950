// Owners clean up whatever exception passes by, not only those of ours.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <new>
#include <set>
#include <string>

#include "be_root.hh"
#include "leave_out.hh"
#include "life/dismount.hh"
#include "life/settings.hh"
#include "state/state.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/program.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

Child clone_sleeper() {
    Child child = clone_process();
    if (child.pid() == 0) {
        pause();
        _exit(0);
    }
    return child;
}

// Neither running nor a zombie.
bool is_gone(pid_t pid) {
    return kill(pid, 0) < 0 && errno == ESRCH;
}

TEST(Owners, AChildIsGoneWhateverExceptionPasses) {
    pid_t pid = 0;
    try {
        const Child child = clone_sleeper();
        pid = child.pid();
        EXPECT_FALSE(is_gone(pid));
        throw std::bad_alloc();
    } catch (const std::bad_alloc&) {
        EXPECT_TRUE(is_gone(pid));
    }
}

TEST(Owners, AChildOutlivesItsOwnerOnceItIsReleased) {
    pid_t pid = 0;
    {
        Child child = clone_sleeper();
        pid = child.pid();
        child.release();
        const Child moved = std::move(child);
        EXPECT_EQ(moved.pid(), pid);
    }
    EXPECT_FALSE(is_gone(pid));
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
}

TEST(Owners, AChildIsGoneWhenAnotherTakesItsPlace) {
    Child child = clone_sleeper();
    const pid_t first = child.pid();
    child = clone_sleeper();
    EXPECT_TRUE(is_gone(first));
    EXPECT_FALSE(is_gone(child.pid()));
    Child other = std::move(child);
    EXPECT_FALSE(is_gone(other.pid()));
}

TEST(Owners, AReleasedChildCanStillBeWaitedFor) {
    Child child = clone_process();
    if (child.pid() == 0)
        _exit(7);
    child.release();
    EXPECT_EQ(child.wait()->code, 7);
}

TEST(Owners, AChildOfOurParentIsNotOurs) {
    auto [read_end, write_end] = sys::pipe();
    Child between = clone_process();
    if (between.pid() == 0) {
        pid_t pid = 0;
        {
            const Child sibling = clone_process(CLONE_PARENT);
            if (sibling.pid() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                pause();
            }
            pid = sibling.pid();
        }
        _exit(write(write_end.get(), &pid, sizeof pid) == sizeof pid ? 0 : 1);
    }
    ASSERT_TRUE(between.wait()->success());
    pid_t pid = 0;
    ASSERT_EQ(read(read_end.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    EXPECT_FALSE(is_gone(pid));
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    EXPECT_EQ(waitpid(pid, nullptr, __WALL), pid);
}

TEST(Owners, AStepIsUndoneUnlessItIsKept) {
    int undone = 0;
    try {
        const Undo step([&] { ++undone; });
        throw std::filesystem::filesystem_error("a test", std::error_code());
    } catch (const std::filesystem::filesystem_error&) {
        EXPECT_EQ(undone, 1);
    }
    {
        Undo step([&] { ++undone; });
        step.keep();
    }
    EXPECT_EQ(undone, 1);
    {
        const Undo failing([&] {
            ++undone;
            throw Error(ExitCode::System, "it cannot be undone");
        });
    }
    EXPECT_EQ(undone, 2);
}

TEST(Owners, AFileThatCannotBeReplacedLeavesNothing) {
    const TemporaryDirectory dir;
    std::filesystem::create_directories(dir.path() + "/state/sub");
    EXPECT_THROW(sys::replace_file(dir.path() + "/state", "text"), SysError);
    EXPECT_FALSE(std::filesystem::exists(dir.path() + "/state.new"));
}

TEST(Owners, AFileIsRemovedIfItIsThere) {
    const TemporaryDirectory dir;
    const std::string file = dir.write("file", "text");
    EXPECT_TRUE(sys::unlink_if_there(file));
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_FALSE(sys::unlink_if_there(file));
    try {
        (void)sys::unlink_if_there(dir.path());
        FAIL() << "a directory was removed";
    } catch (const SysError& error) {
        EXPECT_EQ(error.what(), "remove '" + dir.path() + "': Is a directory");
    }
    EXPECT_THROW((void)sys::unlink_if_there(dir.write("file", "") + "/below"), SysError);
}

TEST(Owners, AStateGoesBackUnlessItsStepIsCommitted) {
    const TemporaryDirectory dir;
    const VpsLock lock(*Veid::parse("101"), dir.path());
    VpsState state;
    state.mount_point = "/vz/root/101";
    lock.enter(state, Phase::Mounting);
    lock.enter(state, Phase::Mounted);
    lock.enter(state, Phase::Starting);
    for (const bool committed : {false, true}) {
        try {
            StateStep step(lock, state, Phase::Starting);
            state.init_pid = getpid();
            lock.enter(state, Phase::Running);
            if (committed)
                step.commit();
            throw std::bad_alloc();
        } catch (const std::bad_alloc&) {
            const VpsState found = lock.read_state().value();
            EXPECT_EQ(found.phase, committed ? Phase::Running : Phase::Starting);
            EXPECT_EQ(found.init_pid, committed ? getpid() : 0);
        }
    }
}

// A VPS that vps-mount is at work on, in a mount namespace of the test's own.
class UnfinishedMounts : public testing::Test {
  protected:
    void SetUp() override {
        if (!be_root())
            LEAVE_OUT("no user namespaces on this machine");
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        std::filesystem::create_directories(state_.ve_private);
        std::filesystem::create_directories(state_.mount_point);
    }
    void TearDown() override { (void)umount2(state_.mount_point.c_str(), MNT_DETACH); }

    // Fails in the middle, with an exception that is none of ours.
    void fail(const VpsLock& lock) {
        lock.enter(state_, Phase::Mounting);
        UnfinishedMount unfinished(lock, state_, settings_, log_);
        bind_mount({.source = state_.ve_private, .target = state_.mount_point}).keep();
        unfinished.owe(Scripts::Umount);
        throw std::bad_alloc();
    }
    void script(const std::string& name, const std::string& last_line) const {
        (void)dir_.write(
            name, "#!/bin/sh\necho ${0##*.} >>" + dir_.path() + "/out\n" + last_line + "\n", 0755);
    }
    std::string output() const { return sys::read_file(dir_.path() + "/out"); }

    const Veid veid_ = *Veid::parse("3999999");
    TemporaryDirectory dir_;
    VpsState state_{.ve_root = dir_.path() + "/root",
                    .ve_private = dir_.path() + "/private",
                    .mount_point = dir_.path() + "/root",
                    .root = {},
                    .area = {},
                    .image = {},
                    .stop_refused = {}};
    ScriptSettings settings_{veid_, dir_.path(), state_.ve_root, state_.ve_private, {}};
    Log log_{"test", veid_};
};

TEST_F(UnfinishedMounts, AreBroughtToTheirEnd) {
    script("3999999.umount", "exit 0");
    script("3999999.postumount", "exit 0");
    const VpsLock lock(veid_, dir_.path() + "/run");
    EXPECT_THROW(fail(lock), std::bad_alloc);
    EXPECT_EQ(output(), "umount\npostumount\n");
    EXPECT_FALSE(is_mount_point(state_.mount_point));
    EXPECT_FALSE(lock.read_state());
}

TEST_F(UnfinishedMounts, TellTheFirstFailureWhenTheirScriptsRefuse) {
    script("3999999.umount", "exit 1");
    script("3999999.postumount", "exit 0");
    const VpsLock lock(veid_, dir_.path() + "/run");
    EXPECT_THROW(fail(lock), std::bad_alloc);
    EXPECT_EQ(output(), "umount\n");
    EXPECT_TRUE(is_mount_point(state_.mount_point));
    EXPECT_EQ(lock.read_state().value().phase, Phase::Umounting);
}

TEST_F(UnfinishedMounts, AreEndedWhateverOverruledScriptsSay) {
    script("3999999.umount", "exit 1");
    script("vps.umount", "sleep 60");
    script("3999999.postumount", "exit 0");
    settings_.veto = Veto::Overruled;
    settings_.timeout = 1;
    const VpsLock lock(veid_, dir_.path() + "/run");
    EXPECT_THROW(fail(lock), std::bad_alloc);
    EXPECT_EQ(output(), "umount\numount\npostumount\n");
    EXPECT_FALSE(is_mount_point(state_.mount_point));
    EXPECT_FALSE(lock.read_state());
}

TEST(AskedScript, HasAnEndWhereItIsOverruled) {
    ScriptSettings settings{
        .veid = *Veid::parse("101"), .ve_root = {}, .ve_private = {}, .timeout = {}};
    EXPECT_FALSE(ask(script::kStop, settings).settings.timeout);
    EXPECT_EQ(ask(script::kStop, settings).kind.consequence, script::kKeepsRunning);
    settings.veto = Veto::Overruled;
    EXPECT_EQ(ask(script::kStop, settings).settings.timeout, kOverruledScriptTime);
    EXPECT_EQ(ask(script::kStop, settings).kind.consequence, script::kOverruled);
    settings.timeout = 5;
    EXPECT_EQ(ask(script::kUmount, settings).settings.timeout, 5u);
}

// Whoever ends a script that he has called by hand has changed his mind about the stop.
TEST(AskedScript, IsNotOverruledWhenItsCallerEndsIt) {
    const Log log{"test", *Veid::parse("101")};
    AskedScript asked{
        script::kStop,
        {.veid = *Veid::parse("101"), .ve_root = {}, .ve_private = {}, .timeout = {}}};
    const ScriptError failure("/x", "exit code 1");
    EXPECT_FALSE(is_overruled(failure, asked, log));
    asked.settings.veto = Veto::Overruled;
    EXPECT_TRUE(is_overruled(failure, asked, log));
    EXPECT_FALSE(is_overruled(ScriptToldToEnd("/x", "killed"), asked, log));
}

TEST(Owners, AStepThatThrowsEndsTheChildThatTakesIt) {
    const pid_t us = getpid();
    try {
        Child child = start_program({"/bin/true"}, 0, []() -> bool { throw std::bad_alloc(); });
        EXPECT_EQ(getpid(), us);
        EXPECT_FALSE(child.wait().value_or(ExitStatus{}).success());
    } catch (const std::bad_alloc&) {
        if (getpid() != us)
            _exit(0);  // the child is where the caller should be
        FAIL() << "the caller has the child's exception";
    }
}

TEST(Owners, ADirectoryIsReadAndClosed) {
    const TemporaryDirectory dir;
    (void)dir.write("a", "");
    (void)dir.write("b", "");
    int number = -1;
    {
        Directory directory(dir.path());
        ASSERT_TRUE(directory);
        number = directory.fd().get();
        std::set<std::string> names;
        while (const dirent* entry = directory.next())
            names.insert(entry->d_name);
        EXPECT_EQ(errno, 0);
        EXPECT_EQ(names, (std::set<std::string>{".", "..", "a", "b"}));
    }
    EXPECT_LT(fcntl(number, F_GETFD), 0);
    // A descriptor is taken over where it is a directory's, and closed where it is not.
    Fd file = sys::open(dir.path() + "/a", O_RDONLY);
    number = file.get();
    EXPECT_FALSE(Directory(std::move(file)));
    EXPECT_LT(fcntl(number, F_GETFD), 0);
    Directory none(dir.path() + "/none");
    EXPECT_EQ(errno, ENOENT);
    EXPECT_FALSE(none);
    EXPECT_EQ(none.next(), nullptr);
}

}  // namespace

// The texts of the most important failures: each layer's words before those of the middle, and the
// exit code of what the failure means.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <new>
#include <set>
#include <thread>

#include "be_root.hh"
#include "context/become_init.hh"
#include "context/entry.hh"
#include "leave_out.hh"
#include "script/action_script.hh"
#include "script/script_environment.hh"
#include "state/state.hh"
#include "sys/child_report.hh"
#include "sys/within.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

const Veid k101 = *Veid::parse("101");

// "79: text"
template <typename Step>
std::string told(Step step) {
    try {
        step();
    } catch (const Error& error) {
        return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
    } catch (const std::exception& error) {
        return std::string("foreign: ") + error.what();
    }
    return "nothing failed";
}

TEST(Errors, EachLayerAddsWhatItKnows) {
    const ErrorContext context{"disk quota of '/vz/private/101'", ExitCode::NoDiskQuota};
    const auto nothing = [] { throw SysError(EPERM, "set the project", {}); };
    const auto meaning = [] { throw SysError(EPERM, "bind", "/a", ExitCode::CannotMount); };
    const auto foreign = [] { throw std::bad_alloc(); };
    const auto script = [] { throw ScriptError("/a", "action script '/a': exit code 1"); };
    EXPECT_EQ(told([&] { within(context, nothing); }),
              "60: disk quota of '/vz/private/101': set the project: Operation not permitted");
    EXPECT_EQ(told([&] { within(context, meaning); }),
              "50: disk quota of '/vz/private/101': bind '/a': Operation not permitted");
    EXPECT_EQ(told([&] { within(context, foreign); }),
              "60: disk quota of '/vz/private/101': std::bad_alloc");
    EXPECT_EQ(told([&] { within(context, script); }), "79: action script '/a': exit code 1");
    EXPECT_EQ(told([&] { within({"outer"}, [&] { within(context, nothing); }); }),
              "60: outer: disk quota of '/vz/private/101': set the project: Operation not "
              "permitted");
    EXPECT_EQ(within(context, [] { return 7; }), 7);
}

TEST(Errors, AChildsFailureIsThrownAsIfItWereOurs) {
    const auto fail = [](ChildReport report, StepNames steps, const char* doing) {
        return told([&] { throw failure_of(report, steps, doing); });
    };
    EXPECT_EQ(fail({12, EPERM}, kSetupSteps, "make the VPS context"),
              "3: make the VPS context: mount /proc: Operation not permitted");
    EXPECT_EQ(fail({28, ENOENT}, kSetupSteps, "make the VPS context"),
              "3: make the VPS context: execute init: No such file or directory");
    EXPECT_EQ(fail({4, ESRCH}, kEntrySteps, "enter the VPS context"),
              "3: enter the VPS context: enter its namespaces: No such process");
    EXPECT_EQ(fail({11, ENOTTY}, kEntrySteps, ""),
              "3: open a terminal: Inappropriate ioctl for device");
    for (const int none : {-1, 29, 1 << 30})
        EXPECT_EQ(fail({none, EIO}, kSetupSteps, "x"), "3: x: begin: Input/output error");
    for (const StepNames steps : {kSetupSteps, kEntrySteps}) {
        std::set<std::string> names;
        for (std::size_t i = 0; i < steps.count; ++i)
            names.insert(steps.names[i]);
        EXPECT_EQ(names.size(), steps.count);
        EXPECT_FALSE(names.contains(""));
    }
}

class ScriptErrors : public testing::Test {
  protected:
    void SetUp() override {
        if (!be_root())
            LEAVE_OUT("no user namespaces on this machine");
    }
    ScriptSettings settings() const { return {k101, dir_.path(), "/root", "/private", {}}; }
    std::string begin(const std::string& name) const {
        return "79: action script '" + dir_.path() + "/" + name + "': ";
    }
    TemporaryDirectory dir_;
    Log log_{"test", k101};
};

TEST_F(ScriptErrors, NameTheScriptAndWhatFollows) {
    const std::string path = dir_.write("101.start", "#!/bin/sh\n", 0755);
    const auto find = [&] { (void)find_script(script::kStart, k101, dir_.path()); };
    std::filesystem::resize_file(path, kLargestScript + 1);
    EXPECT_EQ(told(find), begin("101.start") +
                              "is larger than 16 MiB, the most that a script may have; the VPS is "
                              "not started");
    // It has grown since it was found.
    std::filesystem::resize_file(path, 10);
    const auto script = find_script(script::kStart, k101, dir_.path());
    std::filesystem::resize_file(path, kLargestScript + 1);
    EXPECT_EQ(told([&] { (void)read_script(*script); }),
              begin("101.start") + "read: File too large; the VPS is not started");
}

TEST_F(ScriptErrors, AreTheScriptsWhateverFailsOnTheWay) {
    (void)dir_.write("101.umount", "#!/bin/sh\n", 0755);
    const auto script = find_script(script::kUmount, k101, dir_.path());
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
    close(next);
    const rlimit low{static_cast<rlim_t>(next) + 1, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);  // /dev/null, and no pipe any more
    const std::string text = told([&] { (void)run_host_script(*script, {}, settings(), log_); });
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(text, begin("101.umount") +
                        "create pipe: Too many open files; nothing is dismounted (vps-umount "
                        "--force would do it all the same)");
}

TEST(Errors, APhaseThatCannotBeNotedIsNamed) {
    const TemporaryDirectory dir;
    const VpsLock lock(k101, dir.path());
    std::filesystem::remove(dir.path() + "/101");
    VpsState state;
    state.mount_point = "/vz/root/101";
    EXPECT_EQ(told([&] { lock.enter(state, Phase::Mounting); }),
              "3: note the phase \"mounting\" of the VPS: open '" + dir.path() +
                  "/101/state.new': No such file or directory");
}

TEST(HostEnvironment, IsOursAndWhatIsInheritedButForSystemdsProtocol) {
    const char* const inherited[] = {
        "A=1",       "HOME=/root", "LISTEN_FDS=2",    "LISTEN_PID=7", "LISTENER=x",
        "MAINPID=9", "MAINPIDS=x", "WATCHDOG_USEC=3", "FDSTORE=1",    "LISTEN_ADDR=y",
        "EMPTY=",    "=odd",       "no equals sign",  "WITH=a=b",     nullptr};
    EXPECT_EQ(host_environment({"HOME=/", "VEID=101"}, inherited),
              (std::vector<std::string>{"HOME=/", "VEID=101", "A=1", "LISTENER=x", "MAINPIDS=x",
                                        "LISTEN_ADDR=y", "EMPTY=", "WITH=a=b"}));
    for (const ProtocolVariable& variable : kProtocolVariables) {
        const std::string name(variable.name);
        const std::string set = name + "=1";
        const char* const one[] = {set.c_str(), nullptr};
        EXPECT_TRUE(host_environment({}, one).empty()) << name;
        EXPECT_FALSE(variable.why.empty()) << name;
    }
}

// The test runs in a process of its own, which has a second thread.
TEST(CloneDeathTest, IsRefusedInAProcessWithThreads) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            std::thread other([] { pause(); });
            try {
                Child child = clone_process();
                _exit(0);
            } catch (const std::logic_error& error) {
                fputs(error.what(), stderr);
                _exit(7);
            }
        },
        testing::ExitedWithCode(7), "threads cannot be cloned");
}

}  // namespace

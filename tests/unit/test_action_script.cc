// Runs real scripts; needs root, because scripts must belong to root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include "be_root.hh"
#include "leave_out.hh"
#include "script/action_script.hh"
#include "sys/error.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

const Veid k101 = *Veid::parse("101");

// An empty environment, until the test's own is back.
class Environment {
  public:
    Environment() {
        for (char** entry = environ; entry && *entry; ++entry)
            before_.emplace_back(*entry);
        clearenv();
    }
    ~Environment() {
        clearenv();
        for (const std::string& entry : before_)
            setenv(entry.substr(0, entry.find('=')).c_str(),
                   entry.substr(entry.find('=') + 1).c_str(), 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    std::vector<std::string> before_;
};

class ActionScripts : public testing::Test {
  protected:
    void SetUp() override {
        if (!be_root())
            LEAVE_OUT("no user namespaces on this machine");
    }

    ScriptSettings settings(std::optional<unsigned> timeout = {}) const {
        return {k101, dir_.path(), "/vz/root/101", "/vz/private/101", timeout};
    }
    void run(const ScriptKind& kind, std::optional<unsigned> timeout = {}) const {
        run_host_script(kind, settings(timeout), log_);
    }
    // The text of the error that 101.mount ends in.
    std::string failure(std::optional<unsigned> timeout = {}) const {
        try {
            run(script::kMount, timeout);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::ScriptFailed);
            return error.what();
        }
        return "it succeeded";
    }
    void expect_failure(const std::string& part) const {
        const std::string text = failure();
        EXPECT_NE(text.find(part), std::string::npos) << text;
        EXPECT_NE(text.find(dir_.path() + "/101.mount"), std::string::npos) << text;
    }
    std::string output() const {
        std::ostringstream text;
        text << std::ifstream(dir_.path() + "/out").rdbuf();
        return text.str();
    }

    TemporaryDirectory dir_;
    Log log_{"test", k101};
};

TEST_F(ActionScripts, TheTableIsInTheOrderOfALife) {
    std::set<std::string> names;
    for (const ScriptKind& kind : script::kAll)
        names.insert(kind.name(k101));
    EXPECT_EQ(names.size(), 10U);
    EXPECT_EQ(script::kAll.front().name(k101), "vps.premount");
    EXPECT_EQ(script::kUmount.name(k101), "101.umount");
    EXPECT_EQ(script::kGlobalUmount.name(k101), "vps.umount");
}

TEST_F(ActionScripts, AbsentIsSuccess) {
    EXPECT_NO_THROW(run(script::kMount));
}

TEST_F(ActionScripts, SeeWhatTheAdministratorSetsAndNothingOfSystemdsProtocol) {
    const Environment other;
    setenv("BACKUP_SERVER", "10.0.0.9", 1);
    setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
    setenv("INVOCATION_ID", "0123", 1);
    setenv("EXIT_STATUS", "133", 1);
    setenv("PATH", "/opt/bin", 1);
    setenv("VEID", "102", 1);
    (void)dir_.write("101.mount",
                     "#!/bin/sh\nexec >" + dir_.path() +
                         "/out\nenv | grep -v -e '^_=' -e ^PWD= | sort\npwd\necho $0\ncat\n",
                     0755);
    run(script::kMount);
    EXPECT_EQ(output(),
              "BACKUP_SERVER=10.0.0.9\n"
              "HOME=/\n"
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
              "TERM=linux\n"
              "VEID=101\n"
              "VE_CONFFILE=" +
                  dir_.path() +
                  "/101.conf\n"
                  "VE_PRIVATE=/vz/private/101\n"
                  "VE_ROOT=/vz/root/101\n"
                  "/\n" +
                  dir_.path() + "/101.mount\n");
}

TEST_F(ActionScripts, ADispatcherSeesTheNameThatItWasCalledBy) {
    (void)dir_.write("dispatch", "#!/bin/sh\necho ${0##*/} >>" + dir_.path() + "/out\n", 0755);
    for (const char* name : {"/vps.mount", "/101.mount"})
        ASSERT_EQ(symlink("dispatch", (dir_.path() + name).c_str()), 0);
    run(script::kGlobalMount);
    run(script::kMount);
    EXPECT_EQ(output(), "vps.mount\n101.mount\n");
}

TEST_F(ActionScripts, FailuresAreToldApart) {
    const struct {
        std::string text;
        unsigned mode;
        std::string expected;
    } cases[] = {
        {"#!/bin/sh\nexit 3\n", 0755, "exit code 3"},
        {"#!/bin/sh\nkill -9 $$\n", 0755, "signal SIGKILL"},
        {"#!/bin/sh\nexit 0\n", 0644, "run bit"},
        {"#!/no/such/sh\n", 0755, "interpreter '/no/such/sh' does not exist"},
        {"#!/bin/sh\r\nexit 0\r\n", 0755, "CR LF"},
        {"\n#!/bin/sh\nexit 0\n", 0755, "before its '#!'"},
        {"\xef\xbb\xbf#!/bin/sh\nexit 0\n", 0755, "a byte order mark before its first line"},
        {"echo hello\n", 0755, "no shebang"},
        {"", 0755, "is empty"},
        {"#!/bin/sh\n", 0775, "others than root can write it (mode 0775)"},
        {"#!/bin/sh\n", 0757, "others than root can write it (mode 0757)"},
    };
    for (const auto& test : cases) {
        (void)dir_.write("101.mount", test.text, test.mode);
        expect_failure(test.expected);
        expect_failure("the VPS is not started");
    }
}

TEST_F(ActionScripts, OfSomebodyElseAreRefused) {
    const std::string path = dir_.write("101.mount", "#!/bin/sh\n", 0755);
    if (chown(path.c_str(), 1000, 0) == 0) {
        expect_failure("belongs to user 1000");
        ASSERT_EQ(chown(path.c_str(), 0, 0), 0);
    } else {
        ASSERT_EQ(errno, EINVAL);  // the namespace of be_root() has no other user
    }
    ASSERT_EQ(chmod(dir_.path().c_str(), 0777), 0);
    expect_failure("its directory '" + dir_.path() + "'");
    ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
    EXPECT_EQ(failure(), "it succeeded");
}

TEST_F(ActionScripts, OddFilesAreRefused) {
    const std::string path = dir_.path() + "/101.mount";
    ASSERT_EQ(mkdir(path.c_str(), 0755), 0);
    expect_failure("not a regular file");
    ASSERT_EQ(rmdir(path.c_str()), 0);
    ASSERT_EQ(mkfifo(path.c_str(), 0755), 0);
    expect_failure("not a regular file");
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(symlink("nowhere", path.c_str()), 0);
    expect_failure("a link to 'nowhere', which does not exist");
}

TEST_F(ActionScripts, AHangingOneIsKilled) {
    (void)dir_.write("101.mount", "#!/bin/sh\nsleep 60\n", 0755);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_NE(failure(1).find("SCRIPT_TIMEOUT=1"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
}

TEST_F(ActionScripts, HaveOneLimitOfTheirSize) {
    const std::string path = dir_.write("101.mount", "#!/bin/sh\nexit 0\n", 0755);
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(kLargestScript)), 0);
    EXPECT_EQ(failure(), "it succeeded");
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(kLargestScript) + 1), 0);
    EXPECT_EQ(failure(), "action script '" + path +
                             "': is larger than 16 MiB, the most that a script may have; the VPS "
                             "is not started");
}

// The end of a process that runs 101.mount. 0: the script succeeded; 79: it failed.
template <typename Prepare>
ExitStatus run_apart(const std::string& dir, Prepare prepare) {
    Child child = clone_process();
    if (child.pid() == 0) {
        try {
            prepare();
            (void)run_host_script(script::kMount, {k101, dir, "/root", "/private", {}},
                                  Log("test", k101));
        } catch (const Error& error) {
            _exit(static_cast<int>(error.code()));
        }
        _exit(0);
    }
    return child.wait().value();
}

TEST_F(ActionScripts, FailAtARequestToEndByHandAsWell) {
    for (const char* signal : {"TERM", "INT", "HUP"}) {
        (void)dir_.write("101.mount",
                         std::string("#!/bin/sh\nkill -") + signal + " $(cat " + dir_.path() +
                             "/pid)\nsleep 60\n",
                         0755);
        const auto note_pid = [&] {
            (void)dir_.write("pid", std::to_string(getpid()));
            (void)std::signal(SIGHUP, SIG_DFL);  // whoever runs the tests may ignore it (nohup)
        };
        EXPECT_EQ(run_apart(dir_.path(), note_pid).to_string(), "exit code 79") << signal;
    }
}

TEST_F(ActionScripts, AnIgnoredSignalIsNoRequest) {
    (void)dir_.write("101.mount", "#!/bin/sh\nkill -HUP $(cat " + dir_.path() + "/pid)\nexit 0\n",
                     0755);
    const auto ignore = [&] {
        (void)dir_.write("pid", std::to_string(getpid()));
        (void)signal(SIGHUP, SIG_IGN);
    };
    EXPECT_EQ(run_apart(dir_.path(), ignore).to_string(), "exit code 0");
}

// The caller is stopped until the script has ended, and the request is there as well.
TEST_F(ActionScripts, ARequestThatComesAsOneEndsIsNotSwallowed) {
    (void)dir_.write("101.mount",
                     "#!/bin/sh\npid=$(cat " + dir_.path() +
                         "/pid)\nkill -STOP $pid\nkill -TERM $pid\n"
                         "(sleep 0.5; kill -CONT $pid) >/dev/null 2>&1 &\nexit 0\n",
                     0755);
    const auto note_pid = [&] { (void)dir_.write("pid", std::to_string(getpid())); };
    EXPECT_EQ(run_apart(dir_.path(), note_pid).to_string(), "exit code 79");
}

TEST(TerminationRequests, EndUsUnlessTheyAreHeeded) {
    for (const bool heeded : {true, false}) {
        Child child = clone_process();
        if (child.pid() == 0) {
            {
                TerminationRequest outer;
                {
                    TerminationRequest request;
                    raise(SIGTERM);
                    if (!request.came() || (heeded && !request.heed()) || request.came() == heeded)
                        _exit(1);
                }
                if (outer.came() == heeded)
                    _exit(2);
            }
            _exit(0);
        }
        EXPECT_EQ(child.wait()->to_string(), heeded ? "exit code 0" : "signal SIGTERM");
    }
}

TEST_F(ActionScripts, WhatOneLeavesRunningIsNotOurChild) {
    (void)dir_.write("101.mount", "#!/bin/sh\nsleep 60 &\necho $! >" + dir_.path() + "/out\n",
                     0755);
    run(script::kMount);
    const std::string pid = output().substr(0, output().find('\n'));
    EXPECT_EQ(kill(std::stoi(pid), 0), 0);
    EXPECT_EQ(waitpid(std::stoi(pid), nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(kill(std::stoi(pid), SIGKILL), 0);
}

TEST_F(ActionScripts, WaitForAFileThatIsBusyForAMoment) {
    const std::string path = dir_.write("101.mount", "#!/bin/sh\n", 0755);
    auto writer = clone_process();
    if (writer.pid() == 0) {
        const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
        usleep(200'000);
        _exit(fd < 0);
    }
    usleep(50'000);
    EXPECT_EQ(failure(), "it succeeded");
    EXPECT_TRUE(writer.wait()->success());
}

}  // namespace

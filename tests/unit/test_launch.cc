#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context/launch.hh"
#include "sys/child_report.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

struct Outcome {
    int exit_code;
    int error;  // the launcher's report; 0: a program was executed
    std::string output;
};

Outcome run(const std::vector<std::string>& programs, std::vector<std::string> argv,
            bool by_shell = false) {
    const Fd launcher = make_launcher();
    auto [report, report_end] = sys::pipe();
    auto [output, output_end] = sys::pipe();
    std::vector<std::string> words = launch_words(7, by_shell, programs, argv);
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    char variable[] = "GIVEN=yes";
    char* const environment[] = {variable, nullptr};
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(output_end.get(), 1);
        dup2(output_end.get(), 2);
        _exit(launch(launcher.get(), report_end.get(), pointers.data(), environment));
    }
    report_end.reset();
    output_end.reset();
    Outcome outcome{-1, 0, sys::read_all(output, "output")};
    ChildReport failure{};
    if (read(report.get(), &failure, sizeof failure) == sizeof failure) {
        EXPECT_EQ(failure.step, 7);
        outcome.error = failure.error;
    }
    int status = 0;
    waitpid(pid, &status, 0);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

TEST(Launch, ExecutesWithArgumentsAndEnvironment) {
    const Outcome outcome = run({"/bin/sh"}, {"name", "-c", "echo $0 $1 $GIVEN; exit 3", "a", ""});
    EXPECT_EQ(outcome.error, 0);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.output, "a yes\n");
}

TEST(Launch, LeavesNoDescriptorOpen) {
    EXPECT_EQ(run({"/bin/sh"}, {"sh", "-c",
                                "for fd in 3 4 5 6 7 8 9; do"
                                "  [ ! -e /proc/self/fd/$fd ] || echo $fd; done"})
                  .output,
              "");
}

TEST(Launch, TriesOneProgramAfterTheOther) {
    EXPECT_EQ(run({"/nothing", "/etc/passwd/x", "/bin/sh"}, {"sh", "-c", "exit 4"}).exit_code, 4);
    EXPECT_EQ(run({"/nothing", "/bin/true"}, {"x"}).exit_code, 0);
}

TEST(Launch, GivesAProgramItsPathForAName) {
    EXPECT_EQ(run({"/nothing", "/bin/sh"}, {"", "-c", "tr '\\0' ' ' </proc/$$/cmdline"})
                  .output.substr(0, 8),
              "/bin/sh ");
}

TEST(Launch, SaysWhyNothingWasExecuted) {
    const TemporaryDirectory dir;
    const std::string no_program = dir.write("no-program", "true\n", 0755);
    const std::string no_run_bit = dir.write("no-run-bit", "#!/bin/sh\n", 0644);
    const std::string no_shell = dir.write("no-shell", "#!/nothing\n", 0755);
    EXPECT_EQ(run({"/nothing", "/nothing/2"}, {"x"}).error, ENOENT);
    EXPECT_EQ(run({no_run_bit}, {"x"}).error, EACCES);
    EXPECT_EQ(run({no_run_bit, "/nothing"}, {"x"}).error, EACCES);
    EXPECT_EQ(run({no_shell}, {"x"}).error, ENOENT);
    EXPECT_EQ(run({no_program, "/bin/true"}, {"x"}).error, ENOEXEC);
    EXPECT_EQ(run({no_program}, {"x"}).exit_code, 127);
}

TEST(Launch, GivesAFileOfNoFormatToTheShell) {
    const TemporaryDirectory dir;
    const std::string script = dir.write("script", "echo $1 $2\nexit 5\n", 0755);
    const Outcome outcome = run({script}, {"x", "a", "b"}, true);
    EXPECT_EQ(outcome.error, 0);
    EXPECT_EQ(outcome.exit_code, 5);
    EXPECT_EQ(outcome.output, "a b\n");
}

TEST(Launch, ShowsNothingOfOurs) {
    const TemporaryDirectory dir;
    // For "#!/proc/self/exe" the kernel executes the program that runs at that moment.
    const std::string script = dir.write("script", "#!/proc/self/exe\n", 0755);
    const Outcome outcome = run({script}, {"x"});
    EXPECT_EQ(outcome.exit_code, 127);
    EXPECT_EQ(outcome.output, "");
}

}  // namespace

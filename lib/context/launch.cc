#include "context/launch.hh"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "sys/child_report.hh"
#include "sys/memory_file.hh"

namespace vps {

namespace {

constexpr unsigned char kLauncher[] = {
#include "launcher.inc"
};

constexpr int kReportFd = 4, kLauncherFd = 5;  // the first is launcher.cc's, too
constexpr int kAboveAll = 10;

}  // namespace

Fd make_launcher() {
    return sealed_memory_file("launcher",
                              {reinterpret_cast<const char*>(kLauncher), sizeof kLauncher}, 0511);
}

std::vector<std::string> launch_words(int tag, bool by_shell,
                                      const std::vector<std::string>& programs,
                                      const std::vector<std::string>& argv) {
    std::vector<std::string> words{std::to_string(tag), by_shell ? "s" : "-"};
    words.insert(words.end(), programs.begin(), programs.end());
    words.emplace_back();
    words.insert(words.end(), argv.begin(), argv.end());
    return words;
}

int launch(int launcher, int report, char* const* words, char* const* envp) noexcept {
    const int launcher_copy = fcntl(launcher, F_DUPFD_CLOEXEC, kAboveAll);
    const int report_copy = fcntl(report, F_DUPFD_CLOEXEC, kAboveAll);
    if (launcher_copy < 0 || report_copy < 0 || dup3(launcher_copy, kLauncherFd, O_CLOEXEC) < 0 ||
        dup2(report_copy, kReportFd) < 0 || close_range(kLauncherFd + 1, ~0U, 0) < 0)
        return errno;
    (void)syscall(SYS_execveat, kLauncherFd, "", words, envp, AT_EMPTY_PATH);
    const ChildReport failure{atoi(words[0]), errno};
    (void)!write(kReportFd, &failure, sizeof failure);
    _exit(127);
}

}  // namespace vps

#include "ploop/file_system_check.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <utility>
#include <vector>

#include "sys/error.hh"
#include "sys/line_relay.hh"
#include "sys/process.hh"
#include "sys/program.hh"
#include "sys/sys.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

constexpr const char* kProgram = "/sbin/e2fsck";
constexpr int kMended = 1, kMendedRootFs = 2, kDamaged = 4;  // of its exit code (e2fsck(8))
constexpr unsigned kPatience = 10;  // seconds until it has cancelled itself
constexpr std::size_t kMostLines = 20;

std::vector<std::string> words_for(FileSystemCheck how, const std::string& device) {
    if (how == FileSystemCheck::Preen)
        return {kProgram, "-p", device};
    return {kProgram, "-f", how == FileSystemCheck::Mend ? "-y" : "-n", device};
}

Child run(const std::vector<std::string>& words, FdRef out) {
    const Fd null = sys::open("/dev/null", O_RDONLY);
    return start_program(words, SIGTERM, [&] {
        return dup2(null.get(), STDIN_FILENO) >= 0 && dup2(out.get(), STDOUT_FILENO) >= 0 &&
               dup2(out.get(), STDERR_FILENO) >= 0;
    });
}

// A check of a large disk takes its time; systemd waits for it.
void extend_start() {
    (void)notify("EXTEND_TIMEOUT_USEC=120000000\nSTATUS=Starting: checking the file system");
}

ExitStatus wait_for(Child& child, LineRelay& said, FdRef request) {
    for (;;) {
        pollfd waiting[]{{said.source().get(), POLLIN, 0}, {request.get(), POLLIN, 0}};
        const int ready = poll(waiting, 2, 2000);
        if (waiting[1].revents != 0) {
            sys::pidfd_send_signal(child.pidfd(), SIGTERM);
            (void)child.wait(deadline_after(kPatience));
            throw Error(ExitCode::System, "told to end while the file system was being checked");
        }
        if (ready == 0)
            extend_start();
        if (waiting[0].revents != 0 && said.pump() == LineRelay::Progress::Ended)
            return child.wait().value_or(ExitStatus{});
    }
}

}  // namespace

void check_file_system(const std::string& device, FileSystemCheck how, const std::string& hint,
                       FdRef request, const Log& log) {
    const std::vector<std::string> words = words_for(how, device);
    std::vector<std::string> lines;
    auto [read_end, write_end] = sys::pipe();
    Child child = run(words, write_end);
    write_end.reset();
    LineRelay said(
        std::move(read_end),
        [&](std::string_view line) {
            if (lines.size() < kMostLines && !line.empty())
                lines.emplace_back(line);
        },
        kConsoleRate);
    const ExitStatus status = wait_for(child, said, request);
    if (status.signal == 0 && status.code == 127)
        throw Error(ExitCode::CannotMount,
                    fmt::format("'{}' cannot be run (package e2fsprogs)", kProgram));
    if (status.success() && how == FileSystemCheck::Preen && lines.size() <= 1)
        return;  // "clean"
    const bool mended = status.signal == 0 && (status.code & ~(kMended | kMendedRootFs)) == 0;
    for (const std::string& line : lines)
        log.say(mended ? Level::Info : Level::Warning, "e2fsck: " + line);
    if (!mended && status.signal == 0 && (status.code & kDamaged) == 0)
        throw Error(ExitCode::CannotMount,
                    fmt::format("e2fsck cannot check the file system: it ended with {}",
                                status.to_string()));
    if (!mended)
        throw Error(ExitCode::CannotMount,
                    fmt::format("the file system is damaged: e2fsck ended with {}{}",
                                status.to_string(), hint));
}

}  // namespace vps

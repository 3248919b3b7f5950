#include "sys/progress_line.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace vps::sys {

static void say(const std::string& text) {
    (void)!write(STDERR_FILENO, text.data(), text.size());  // a terminal that has gone
}

ProgressLine::ProgressLine(std::string doing)
    : doing_(std::move(doing)), is_terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
    if (is_written_)
        say("\r\033[K");
}

bool ProgressLine::is_due() {
    const auto now = std::chrono::steady_clock::now();
    if (!is_terminal_ || now - last_ < kPause)
        return false;
    last_ = now;
    is_written_ = true;
    return true;
}

void ProgressLine::tell_bytes(std::uint64_t done, std::uint64_t all) {
    if (is_due())
        say(fmt::format("\r\033[K{}: {} of {} MiB, {} %", doing_, done >> 20, all >> 20,
                        all == 0 ? 100 : done * 100 / all));
}

void ProgressLine::tell_files(std::uint64_t done) {
    if (is_due())
        say(fmt::format("\r\033[K{}: {} files", doing_, done));
}

}  // namespace vps::sys

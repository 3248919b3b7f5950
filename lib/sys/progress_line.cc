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

void ProgressLine::tell(std::uint64_t done, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_terminal_ || now - last_ < kPause)
        return;
    last_ = now;
    is_written_ = true;
    say(fmt::format("\r\033[K{}: {} of {} MiB, {} %", doing_, done >> 20, all >> 20,
                    all == 0 ? 100 : done * 100 / all));
}

}  // namespace vps::sys

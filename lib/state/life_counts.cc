#include "state/life_counts.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <sstream>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

// In the order of the file.
static constexpr std::array kCounts{
    &LifeCounts::script_runs,         &LifeCounts::script_failures, &LifeCounts::vetoes,
    &LifeCounts::script_milliseconds, &LifeCounts::starts,          &LifeCounts::start_failures,
    &LifeCounts::start_milliseconds,  &LifeCounts::stops,           &LifeCounts::stop_milliseconds,
};

static std::string counts_of(Veid veid, const std::string& run_dir) {
    return fmt::format("{}/counts/{}", run_dir, veid.value());
}

std::optional<LifeCounts> find_life_counts(Veid veid, const std::string& run_dir) {
    const std::string path = counts_of(veid, run_dir);
    if (access(path.c_str(), F_OK) < 0)
        return std::nullopt;
    LifeCounts counts;
    std::istringstream text(sys::read_file(path));
    for (const auto count : kCounts)
        text >> counts.*count;
    return text ? std::optional(counts) : std::nullopt;
}

void add_life_counts(Veid veid, const LifeCounts& more, const std::string& run_dir) noexcept {
    try {
        if (access((run_dir + "/counts").c_str(), W_OK) < 0)
            return;
        LifeCounts counts = find_life_counts(veid, run_dir).value_or(LifeCounts{});
        std::string text;
        for (const auto count : kCounts) {
            counts.*count += more.*count;
            text += fmt::format("{}\n", counts.*count);
        }
        sys::replace_file(counts_of(veid, run_dir), text);
    } catch (const std::exception&) {
        // No start or stop fails for want of a number.
    }
}

void forget_life_counts(Veid veid, const std::string& run_dir) {
    (void)sys::unlink_if_there(counts_of(veid, run_dir));
}

std::uint64_t to_milliseconds(std::chrono::steady_clock::duration time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

CountedStep::~CountedStep() {
    counts_.*milliseconds_ += to_milliseconds(std::chrono::steady_clock::now() - begin_);
    add_life_counts(veid_, counts_);
}

}  // namespace vps

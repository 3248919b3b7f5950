#include "state/script_counts.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <sstream>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

static std::string counts_of(Veid veid, const std::string& run_dir) {
    return fmt::format("{}/scripts/{}", run_dir, veid.value());
}

std::optional<ScriptCounts> find_script_counts(Veid veid, const std::string& run_dir) {
    const std::string path = counts_of(veid, run_dir);
    if (access(path.c_str(), F_OK) < 0)
        return std::nullopt;
    ScriptCounts counts;
    std::istringstream text(sys::read_file(path));
    text >> counts.runs >> counts.failures >> counts.vetoes >> counts.milliseconds;
    return text ? std::optional(counts) : std::nullopt;
}

void add_script_counts(Veid veid, const ScriptCounts& more, const std::string& run_dir) noexcept {
    try {
        if (access((run_dir + "/scripts").c_str(), W_OK) < 0)
            return;
        ScriptCounts counts = find_script_counts(veid, run_dir).value_or(ScriptCounts{});
        counts.runs += more.runs;
        counts.failures += more.failures;
        counts.vetoes += more.vetoes;
        counts.milliseconds += more.milliseconds;
        sys::replace_file(counts_of(veid, run_dir),
                          fmt::format("{} {} {} {}\n", counts.runs, counts.failures, counts.vetoes,
                                      counts.milliseconds));
    } catch (const std::exception&) {
        // No start or stop fails for want of a number.
    }
}

void forget_script_counts(Veid veid, const std::string& run_dir) {
    (void)sys::unlink_if_there(counts_of(veid, run_dir));
}

}  // namespace vps

// The failure of a child between clone and exec: one of the steps of a table that both sides have,
// and an errno. The child writes it to a socket or pipe, and the parent throws it as if the step
// had failed there. Plain data: nothing allocates after clone.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "sys/error.hh"

namespace vps {

struct ChildReport {
    int step;   // of the table
    int error;  // errno; 0: nothing has failed
};

// The words for each step in an error message, "mount /proc", in the order of its steps.
struct StepNames {
    const char* const* names;
    std::size_t count;

    template <std::size_t N>
    constexpr StepNames(const std::array<const char*, N>& table)  // NOLINT: implicit, as a view is
        : names(table.data()), count(N) {}
    // A step that is none of the table's comes from a child that something has happened to.
    [[nodiscard]] const char* name_of(int step) const {
        return step >= 0 && static_cast<std::size_t>(step) < count
                   ? names[static_cast<std::size_t>(step)]
                   : "begin";
    }
};

// "<doing>: <step>: <strerror>", or without `doing` if that is empty.
inline SysError failure_of(const ChildReport& report, StepNames steps,
                           const std::string& doing = {}) {
    const std::string step = steps.name_of(report.step);
    return {report.error, doing.empty() ? step : doing + ": " + step};
}

}  // namespace vps

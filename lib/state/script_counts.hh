// How often action scripts of a VPS have run since the host's boot, for monitoring: a few numbers
// in /run/vps/scripts/N, since the journal, which has each run, takes too long to be asked. Whoever
// runs a script has the VPS's lock, and writes; nobody decides anything by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/veid.hh"

namespace vps {

struct ScriptCounts {
    std::uint64_t runs = 0, failures = 0;
    std::uint64_t vetoes = 0;  // failures that have refused a stop or a dismounting
    std::uint64_t milliseconds = 0;
    bool operator==(const ScriptCounts&) const = default;
};

// Adds these. Does nothing where there is no directory for them, and where they cannot be written.
void add_script_counts(Veid veid, const ScriptCounts& more,
                       const std::string& run_dir = "/run/vps") noexcept;

// Nothing for a VPS of which no script has run.
std::optional<ScriptCounts> find_script_counts(Veid veid, const std::string& run_dir = "/run/vps");

// Of a VPS that is no VPS of the host any more.
void forget_script_counts(Veid veid, const std::string& run_dir = "/run/vps");

}  // namespace vps

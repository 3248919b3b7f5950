// Whether a VPS runs, and which process is its init. /run/vps/N/state says it, and is believed only
// for a process in the scope of the VPS. Where the state is lost or is another's while the VPS
// runs, init is found again in the scope: a VPS that runs is never taken for one that does not. For
// root in the host context.
#pragma once

#include <optional>
#include <string>

#include "config/veid.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

struct FoundVps {
    std::optional<VpsState> state;  // with init, its phase is Running or Stopping
    std::optional<Fd> init;         // a process handle, while the VPS runs
    bool is_found_again = false;    // by its scope
};

// Looks without the lock, for callers that must not hold it while the VPS runs, or starts. Throws
// Error where the state cannot be read and no init is in the scope.
FoundVps find_vps(Veid veid, const std::string& run_dir = kRunDir);

// The same, and of a VPS that is being started its first process, once its state says that the VPS
// can be entered. For those who enter: its init is not executed yet.
FoundVps find_enterable_vps(Veid veid, const std::string& run_dir = kRunDir);

// Looks with the lock: a VPS that was found by its scope is told, and its state written again.
FoundVps find_vps(Veid veid, const VpsLock& lock, const Log& log);

}  // namespace vps

// Frozen cgroups: whatever is in a cgroup with a 1 in cgroup.freeze stands still, and so does each
// process that is born there (cgroups(7)). The administrator freezes units, a VPS freezes cgroups
// of its own below its scope. Callers are root in the host context.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "config/veid.hh"

namespace vps {

// The cgroup that keeps a process standing still, the nearest one from its own upwards, as
// cgroup_of() spells it; nothing if no cgroup of these is frozen, or the process is gone.
std::optional<std::string> find_frozen_cgroup(pid_t pid);

// What is frozen and what thaws it, for a message: "is frozen (cgroup '…'): systemctl thaw …".
std::string describe_frozen(const std::string& cgroup);

// Freezes all processes of a VPS that runs, with its scope; systemd waits until they stand still.
// Throws Error System.
void freeze_scope(Veid veid);

// Thaws the scope of the VPS and the cgroups below it that init is in. A VPS may freeze its own
// again at once. A slice stays as it is: who works for the VPS is in the same slice. Returns the
// cgroup that was found frozen first; nothing if there was none.
std::optional<std::string> thaw_scope(Veid veid, pid_t init);

}  // namespace vps

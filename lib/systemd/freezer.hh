// Frozen cgroups: whatever is in a cgroup with a 1 in cgroup.freeze stands still, and so does each
// process that is born there (cgroups(7)). The administrator freezes units, a VPS freezes cgroups
// of its own below its scope. Callers are root in the host context.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "config/veid.hh"

namespace vps {

// The cgroup that keeps a process standing still, as cgroup_of() spells it; nothing if neither its
// own nor one above is frozen, or the process is gone. The topmost one is what has to be thawed:
// systemd freezes the units of a slice that it freezes.
std::optional<std::string> find_frozen_cgroup(pid_t pid);

// The slice that is frozen of those that the VPS's scope is in, or is to be made in.
std::optional<std::string> find_frozen_slice(Veid veid);

// What is frozen and what thaws it, for a message: "is frozen (cgroup '…'): systemctl thaw …".
std::string describe_frozen(const std::string& cgroup);

// Freezes all processes of a VPS that runs, with its scope, and returns when they stand still.
// Throws Error System; they may be frozen then.
void freeze_scope(Veid veid);

// Whether the VPS's scope is frozen; not one whose cgroup is gone.
bool is_scope_frozen(Veid veid);

// Takes freeze_scope() back, by the kernel alone where systemd does not do it. What the VPS has
// frozen itself stays so. Throws Error System.
void thaw_scope(Veid veid);

// Thaws the slice of the VPS, its scope and the cgroups below it that this process of the VPS is
// in. A VPS may freeze its own again at once. The slice of all VPSes stays as it is. Returns the
// cgroup that was thawed first; nothing if there was none.
std::optional<std::string> thaw_vps(Veid veid, pid_t pid);

}  // namespace vps

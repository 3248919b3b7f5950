// The cgroup v1 hierarchy "systemd" (cgroups(7), "Cgroups version 1"), without controllers, for
// VPSes whose systemd is older than 230 and knows no other: it stops without one. The host makes
// the hierarchy, at a place where its own systemd does not look, and a group in it for each such
// VPS; a VPS with a user namespace may mount it, and make groups in its own. Limits stay with
// vps-N.scope. No other VPS can look into the hierarchy. Callers are root in the host context.
#pragma once

#include <sys/types.h>

#include <optional>

#include "config/veid.hh"
#include "context/vps_root.hh"
#include "sys/fd.hh"

namespace vps {

// Makes the VPS's group, gives it to the ids, and moves the process into it; the group of an
// earlier start goes. Throws Error System where the kernel has no cgroup v1.
void make_named_group(Veid veid, const std::optional<UserIds>& ids, pid_t first);

// The file that moves who writes "0" to it into the VPS's group; empty where it has none.
Fd open_named_group(Veid veid);

// Removes the VPS's group, which has no process any more, and those that it has made in it; with
// the last group the hierarchy goes. Throws Error.
void remove_named_group(Veid veid);

}  // namespace vps

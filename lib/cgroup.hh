// Which cgroup a process is in, and so whether a program runs as part of a VPS's service.
#pragma once

#include <string>

#include "veid.hh"

namespace vps {

// The path of a process's cgroup below /sys/fs/cgroup ("/vps.slice/…"), as seen from our cgroup
// namespace (cgroups(7)). Throws SysError; ENOENT and ESRCH mean that the process is gone.
std::string cgroup_of(const std::string& pid = "self");

// True when systemd runs this process for vps@N.service: its cgroup says so, which neither the
// environment nor the command line can pretend. Throws SysError.
bool in_service_of(Veid veid);

// Throws Error System where /sys/fs/cgroup is not the unified hierarchy (cgroup v2).
void require_unified_cgroups();

}  // namespace vps

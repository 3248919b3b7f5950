// Cgroups of VPSes: their places, and the one that a process is in.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"
#include "sys/fd.hh"

namespace vps {

// The path of a process's cgroup below /sys/fs/cgroup ("/vps.slice/…"), as seen from our cgroup
// namespace (cgroups(7)). Throws SysError; ENOENT and ESRCH mean that the process is gone.
std::string cgroup_of(const std::string& pid = "self");

// The directory of vps.slice's cgroup, and of vps-N.slice's in it.
inline constexpr const char* kCgroupOfAll = "/sys/fs/cgroup/vps.slice";
std::string slice_cgroup(Veid veid, const std::string& all = kCgroupOfAll);
// The directory of the cgroup of vps-N.scope.
std::string scope_cgroup(Veid veid, const std::string& all = kCgroupOfAll);

// The processes in the cgroup of this directory (cgroup.procs); none where the cgroup is gone, or
// threaded: the domain above it lists those. Throws SysError.
std::vector<pid_t> processes_in(const std::string& cgroup);

// Whether the cgroup or one below it has a process, by its file cgroup.events, which is open
// (cgroups(7)); nothing where the cgroup is gone, or the file is not open.
std::optional<bool> is_populated(FdRef events);

// Whether the kernel has this controller of cgroups ("io"), by cgroup.controllers in `top`, the
// cgroup of all. True where that cannot be told.
bool host_has_controller(std::string_view name, const std::string& top = "/sys/fs/cgroup");

// True when systemd runs this process for this unit: the process's cgroup says so, which neither
// environment nor command line can pretend. Throws SysError.
bool in_service(const std::string& unit);

// Throws Error System where /sys/fs/cgroup is not the unified hierarchy (cgroup v2).
void require_unified_cgroups();

}  // namespace vps

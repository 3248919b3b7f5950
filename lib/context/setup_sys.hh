// The steps of the first process that make /sys and the VPS's own view of the cgroups. Each is
// called once, in the order of become_init.cc, and returns 0 or the errno of its failure.
#pragma once

#include "context/become_init.hh"

namespace vps {

// Makes the mount that mount_sys() attaches, in view of the host's.
int make_sys(ContextSetup& setup) noexcept;
int mount_sys(ContextSetup& setup) noexcept;

// From here on the process's cgroup is the root of the cgroups that it sees, at /sys/fs/cgroup.
int make_cgroup_namespace(ContextSetup& setup) noexcept;

int protect_sys(ContextSetup&) noexcept;

}  // namespace vps

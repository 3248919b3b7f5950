// File systems that stay writable while a VPS runs. For its supervisor, in the host context.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Holds, for a VPS without a user namespace of its own, a nameless file, open for writing, on each
// file system below VE_ROOT, and a file of the cgroups. umount(2) of a process's own root directory
// makes the whole file system read-only, for the host and everybody (any directory with a mount can
// be the root: chroot(2)); the kernel refuses that while a file is open for writing. Warns of a
// file system that takes no such file. Empty for other VPSes.
std::vector<Fd> hold_file_systems(Veid veid, const std::string& mount_point, pid_t init,
                                  const Log& log);

// Whether a server answers for a file system of this type, and may not answer.
bool is_served(std::string_view type);

}  // namespace vps

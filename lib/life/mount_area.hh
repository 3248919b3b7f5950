// The private area of a VPS and the place of its mount: what a start demands of the two, and the
// mount. Callers are root in the host context and have the VPS's lock.
#pragma once

#include <string>

#include "config/config.hh"
#include "state/state.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

// Makes VE_ROOT if need be, and returns its path without symbolic links. Files in it are hidden
// while the VPS is mounted, which is told. Throws Error BadValue, CannotMount, Mounted.
std::string make_mount_point(const VpsConfig& config, const Log& log);

// Throws Error NoPrivateArea where there is no such directory, BadValue where no VPS may have it.
void require_private_area(const VpsConfig& config);

// Mounts `state.ve_private` on `state.mount_point`: a private area of files is bound, with its disk
// quota; the size of a disk image is its quota, and its name is noted in the state. `request` ends
// a check of the image's file system. Throws Error: CannotMount, NoDiskQuota, Ploop, NoPrivateArea.
void mount_private_area(Veid veid, const VpsLock& lock, VpsState& state, const VpsConfig& config,
                        const TerminationRequest& request, const Log& log);

}  // namespace vps

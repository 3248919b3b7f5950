// The mount of a VPS, the first step of its start: premount scripts, the mount, mount scripts.
// vps-mount runs these steps, root in the host context.
#pragma once

#include "config/config.hh"
#include "state/state.hh"
#include "systemd/log.hh"

namespace vps {

// The VPS's configuration; values that are passed over are told. Throws Error, as
// load_usable_config() does, and Disabled.
VpsConfig load_config_to_start(Veid veid, const Log& log);

// Brings an earlier life of the VPS to its end, by the steps of vps-umount. A VPS that was mounted
// by hand is Error Mounted for somebody who mounts it by hand again.
void end_earlier_life(Veid veid, const VpsLock& lock, const VpsState& state, const Log& log);

// Takes a VPS of which there is no state to the phase Mounted. Whatever fails, nothing is mounted
// and no state is left. Throws Error: the code of the step that failed.
void mount_with_scripts(Veid veid, const VpsLock& lock, const VpsConfig& config, const Log& log);

}  // namespace vps

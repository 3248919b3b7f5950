// A VPS's slice brought to what its configuration says now, whatever systemd has read of it: at a
// start, before the scope is made, and at a reload. Needs PID 1 and the host's sys.
#pragma once

#include "config/config.hh"
#include "config/veid.hh"
#include "systemd/log.hh"

namespace vps {

// Sets what differs, leaving alone what the admin has set by a drop-in or set-property; waits until
// an I/O limit is in force, where the kernel can keep one. Throws Error: the limits are not kept;
// BadValue, and nothing was set, where a mask names what this host does not have.
void apply_slice_limits(Veid veid, const VpsConfig& config, const Log& log);

}  // namespace vps

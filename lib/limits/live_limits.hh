// Brings a VPS's slice to the limits that its configuration has now, whether systemd has read them
// or not: at a start, before the scope is made, and at a reload. Needs PID 1 and the host's sys.
#pragma once

#include "config/config.hh"
#include "config/veid.hh"
#include "systemd/log.hh"

namespace vps {

// Sets the limits that differ, except the ones that an administrator has set by a drop-in or
// set-property; waits until an I/O limit is in force, where the kernel can keep one. Throws Error
// where the limits are not kept; BadValue, with nothing set, where a mask names a CPU or node that
// this host lacks.
void apply_slice_limits(Veid veid, const VpsConfig& config, const Log& log);

}  // namespace vps

// The lease of a private area that several hosts see (state/lease.hh), held by the supervisor while
// the VPS runs.
#pragma once

#include "config/veid.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// The lease for a VPS that starts: the one that systemd has kept, or a new one; empty where the
// area needs none. Warns where the file system keeps none. Throws what take_lease() throws.
Fd hold_lease(Veid veid, const VpsState& state, FdRef stored, const Log& log);

// The same for a VPS that runs, which systemd is given to keep; a failure is told, for the VPS runs
// on.
Fd keep_lease(Veid veid, const VpsState& state, FdRef stored, const Log& log);

}  // namespace vps

// The adoption of a VPS that runs already: its stop was refused, or its supervisor has died.
#pragma once

#include "config/veid.hh"
#include "life/supervised.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"
#include "systemd/stored_descriptors.hh"

namespace vps {

// Returns what the supervisor gets of the VPS, when systemd has been told that it runs. `init` is
// no child of this process. The lock is released. Throws Error Running for somebody who calls
// vps-run by hand; SysError where the adoption fails: the VPS runs on.
Supervised adopt_vps(Veid veid, const VpsState& state, Fd init, const StoredDescriptors& stored,
                     VpsLock lock, const Log& log);

}  // namespace vps

// The adoption of a VPS that runs already: its stop was refused, or its supervisor has died.
#pragma once

#include "config/veid.hh"
#include "state/state.hh"
#include "sys/exit_code.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"
#include "systemd/stored_descriptors.hh"

namespace vps {

// Supervises the VPS to its end. `init` is no child of this process, and is traced
// (adopted_init.hh). The lock is released when the VPS is adopted. Returns the exit code of the
// supervisor. Throws Error Running for somebody who calls the supervisor by hand; SysError where
// the adoption fails: the VPS runs on.
ExitCode adopt_vps(Veid veid, const VpsState& state, FdRef init, const StoredDescriptors& stored,
                   VpsLock lock, const Log& log);

}  // namespace vps

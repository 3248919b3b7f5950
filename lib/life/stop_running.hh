// The stop of a running VPS. systemd has vps-stop do it; where systemd skips vps-stop, vps-umount
// does.
#pragma once

#include "life/dismount.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Runs N.stop in the VPS context, asks init to power off, and kills it after STOP_TIMEOUT seconds.
// Returns when init has ended. Throws Error ScriptFailed when N.stop refuses, which the state then
// tells and only a shutdown of the host and STOP_VETO=no override, and CannotStop. Where the VPS
// holds up the entry of N.stop, nobody has refused, and the stop goes on. Refusal::Force: N.stop
// does not run.
void stop_running(Veid veid, const VpsLock& lock, VpsState& state, Fd init, const Log& log,
                  Refusal refusal = Refusal::Respect);

}  // namespace vps

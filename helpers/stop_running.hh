// The stop of a running VPS, as systemd has vps-stop do it, or, where it leaves that out,
// vps-umount.
#pragma once

#include "fd.hh"
#include "program.hh"
#include "state.hh"

namespace vps {

// Runs N.stop in the VPS context, asks init to power off, and kills it after STOP_TIMEOUT seconds.
// Returns when it has ended. Throws Error ScriptFailed when N.stop refuses, which the state then
// tells and nothing but a shutdown of the host overrides, and CannotStop.
void stop_running(const Invocation& invocation, const VpsLock& lock, VpsState& state, Fd init);

}  // namespace vps

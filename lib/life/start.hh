// The start of a mounted VPS: its context is made, N.start runs in it, its init is executed. For
// its supervisor, in the host context with every capability.
#pragma once

#include <optional>
#include <vector>

#include "config/veid.hh"
#include "life/boot_watch.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "sys/line_relay.hh"
#include "sys/process.hh"
#include "systemd/log.hh"
#include "systemd/scope.hh"

namespace vps {

struct RunningVps {
    Child init{};
    Scope scope{};  // the keeper keeps it until it is dismissed
    Fd console{};   // its master; the first process fails to open its own end if this is closed
    std::vector<LineRelay> relays{};
    std::vector<Fd> held{};           // held_open.hh
    std::optional<BootWatch> boot{};  // START_WAIT, where init says when it has booted
};

// Starts the VPS, which is in `state`, mounted; its init is released. On any exception the VPS is
// killed and its mounts stay for vps-umount.
RunningVps start_vps(Veid veid, const VpsLock& lock, VpsState state, const Log& log);

}  // namespace vps

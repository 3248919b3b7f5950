// The host's end of the channel to the first process of a VPS: what it waits for, and what it says
// (its own end is context/become_init.hh). For the start of a VPS, with every capability.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <vector>

#include "context/device.hh"
#include "context/lxcfs.hh"
#include "context/vps_root.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Maps the ids of the first process `pid`, and sends it what it waits for: its root with all that
// is mounted below it, the files of lxcfs, and a /dev to which `add_to_dev` has added something.
// Warns of what the VPS does not see as the host does. Throws SysError.
void hand_over_root(FdRef channel, const VpsState& state, const std::optional<UserIds>& ids,
                    const std::vector<Device>& devices, const std::vector<LxcfsFile>& views,
                    const std::function<void(FdRef)>& add_to_dev, pid_t pid, const Log& log);

// What the first process has to say: a console master, or nothing at the end of the channel (exec
// closed it). Throws what failed in there as SysError.
std::optional<Fd> receive_report(FdRef channel);

// Has the first process execute init by that program. Throws SysError.
void send_go(FdRef channel, const Fd& launcher);

// To be called where an exception is handled: throws why the first process ended early, if it said
// so; else throws the exception again.
[[noreturn]] void throw_root_cause(FdRef channel);

}  // namespace vps

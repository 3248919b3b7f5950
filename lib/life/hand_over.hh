// The host's end of the channel to the first process of a VPS: the messages that this process waits
// for, and its reports (its own end is context/become_init.hh). For the start of a VPS, with every
// capability.
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

// Maps the ids of the first process `pid`, and sends it the mounts that it waits for: its root with
// all mounts below it, the files of lxcfs, and a /dev to which `add_to_dev` has added its files.
// Warns of mounts that the VPS does not see as the host does. Throws SysError.
void hand_over_root(FdRef channel, const VpsState& state, const std::optional<UserIds>& ids,
                    const std::vector<Device>& devices, const std::vector<LxcfsFile>& views,
                    const std::function<void(FdRef)>& add_to_dev, pid_t pid, const Log& log);

// Why files of a mount of that type belong to nobody in the VPS, and what to do about it;
// `first_id` is the host's id of its root.
std::string explain_nobodys(const std::string& target, std::string_view type,
                            std::uint32_t first_id);

// The report of the first process: a console master, or nothing at the end of the channel (exec
// closed it). Throws the failure of a step as SysError.
std::optional<Fd> receive_report(FdRef channel);

// Has the first process execute init by the launcher. Throws SysError.
void send_go(FdRef channel, const Fd& launcher);

// Called where an exception is handled: throws the error for which the first process ended
// early, if it has reported one; else throws the exception again.
[[noreturn]] void throw_root_cause(FdRef channel);

}  // namespace vps

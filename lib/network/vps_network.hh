// The network of a VPS on the host: what is made for it before its init runs, and undone when it
// has ended. What is to be undone is on disk first (network_record.hh). Callers are root in the
// host context and have the VPS's lock.
#pragma once

#include <sys/types.h>

#include <functional>

#include "config/veid.hh"
#include "network/network_spec.hh"
#include "script/action_script.hh"
#include "systemd/log.hh"

namespace vps {

// Takes the addresses and devices for this VPS and makes everything, up to the answers to the
// neighbours. Of the VPS, only its first process is there, `init`; `await_entry` returns when the
// VPS can be entered, and is called where EXTERNAL_SCRIPT is to run. Throws Error IpInUse, which
// names the other holder; CannotAddIp, VethFailed, NetdevFailed, System. undo_network() is owed
// then.
void make_network(const NetworkSpec& wanted, pid_t init, const std::function<void()>& await_entry,
                  const ScriptSettings& settings, const Log& log);

// Makes again what of it is missing on the host (upkeep.hh), and says so.
void renew_network(Veid veid, const Log& log);

// Likewise, and has EXTERNAL_SCRIPT called for the devices of NETIF that the VPS has. Throws Error
// VethFailed where the script fails, and System where a part cannot be made again.
void reload_network(const NetworkSpec& spec, const ScriptSettings& settings, const Log& log);

// Removes all that was recorded, as far as it is there, and the record. What cannot be removed is
// logged.
void undo_network(Veid veid, const Log& log);

}  // namespace vps

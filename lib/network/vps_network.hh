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

// Gives the VPS that runs, whose init is `init`, the addresses of `wanted` in place of those that
// it has, in the VPS and on the host; venet0 is made where the VPS has none yet. Devices stay as
// they are. Throws Error as make_network(), before anything has changed where an address is another
// VPS's.
void change_network_addresses(const NetworkSpec& wanted, pid_t init, Veid veid, const Log& log);

// Gives the VPS the devices of NETIF that `wanted` has and it has not, and removes those that it
// has and `wanted` has not. One that is there stays as it is; it is known by its name on the host,
// and where `before`, its former configuration, has that name, by its name in the VPS, too. Throws
// Error VethFailed, of a device that cannot be had before anything has changed; the devices that
// this call has made are gone then.
void change_network_interfaces(const NetworkSpec& wanted, const NetworkSpec& before, pid_t init,
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

// Changes of the network of a VPS that runs. Callers are root in the host context and have the
// VPS's lock.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/veid.hh"
#include "network/network_spec.hh"
#include "script/action_script.hh"
#include "systemd/log.hh"

namespace vps {

// Gives the VPS that runs, whose init is `init`, the addresses of `wanted` in place of those that
// it has, in the VPS and on the host; venet0 is made where the VPS has none yet. Devices stay as
// they are. A link of venet0 that is gone from the host is made again, one that has another name
// there gets its own. Throws Error as make_network(), before anything has changed where an address
// is another VPS's.
void change_network_addresses(const NetworkSpec& wanted, pid_t init, Veid veid, const Log& log);

// Gives the VPS the devices of NETIF that `wanted` has and it has not, and removes those that it
// has and `wanted` has not. One that is there stays as it is; it is known by its name on the host,
// and where `before`, its former configuration, has that name, by its name in the VPS, too. Throws
// Error VethFailed, of a device that cannot be had before anything has changed; the devices that
// this call has made are gone then.
void change_network_interfaces(const NetworkSpec& wanted, const NetworkSpec& before, pid_t init,
                               const ScriptSettings& settings, const Log& log);

// Gives the VPS the devices of the host with these names (NETDEV) that it has not, and takes back
// those that it has and that are not among them. One that the VPS has in a namespace of its own
// stays there until it ends, with a warning. Throws Error NetdevFailed, of a device that cannot be
// had before anything has changed, and SysError.
void change_network_devices(const std::vector<std::string>& wanted, pid_t init, Veid veid,
                            const Log& log);

}  // namespace vps

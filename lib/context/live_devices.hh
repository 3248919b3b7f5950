// Changes of the devices that a VPS which runs may use. Callers are root in the host context and
// have the VPS's lock.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "config/veid.hh"
#include "context/device.hh"
#include "state/id_range.hh"
#include "systemd/log.hh"
#include "systemd/places.hh"

namespace vps {

// Makes `devices` the ones that the VPS may use beyond those of every VPS, by the policy of its
// scope, and brings the nodes in its /dev to them: those of devices that it may use no more go,
// unless they have a name of their own. A process that has a device open keeps it. A node that
// cannot be made, in a /dev that the VPS has changed, is told as a warning. Throws
// Error System where systemd does not take the policy, and SysError.
void change_devices(Veid veid, pid_t init, const std::vector<Device>& devices,
                    const std::optional<UserIds>& ids, const Log& log,
                    const SystemdPlaces& places = {});

}  // namespace vps

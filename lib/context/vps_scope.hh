// vps-N.scope, the unit and the cgroup of all processes of a VPS.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "context/device.hh"
#include "systemd/scope.hh"

namespace vps {

// Has systemd make vps-N.scope (systemd/scope.hh). Its processes may use the devices null, zero,
// full, random, urandom, tty, terminals (DevicePolicy=closed), and `devices`. The processes of the
// VPS are born in it, and the keeper is dismissed when init is there. Throws Error System.
Scope start_vps_scope(Veid veid, const std::vector<Device>& devices,
                      const SystemdPlaces& places = {});

// DeviceAllow= of a scope: words for devices, and of each what is allowed, of "rwm".
using DevicePolicy = std::map<std::string, std::string>;

// The policy with these devices; one that the kernel has not is left out.
DevicePolicy device_policy(const std::vector<Device>& devices);

// Makes this the policy of the scope of a VPS that runs, until the scope ends. Returns the one that
// it had; the new one is in force then. Sends nothing where both are the same. Throws Error System.
DevicePolicy change_device_policy(Veid veid, const DevicePolicy& policy,
                                  const SystemdPlaces& places = {});

// Ends the scope of a VPS whose init has ended or was never there: kills the processes left in it,
// which entered it from outside its pid namespace. From then on the scope does not hold
// vps@N.service up (Upholds=). Throws Error System.
void end_vps_scope(Veid veid);

}  // namespace vps

// A scope outside of the caller's unit for a process that has to outlive it: when the caller's
// cgroup is killed (a unit that is stopped, a session that ends, memory that runs out), this
// process is not. Callers are root in the host context.
#pragma once

#include <sys/types.h>

#include <string>

#include "systemd/places.hh"

namespace vps {

// Has systemd make a scope of this name around the process, and returns when it is there. A scope
// of that name that systemd has yet to forget is waited for, ten seconds at most. The scope goes
// with the process. Throws Error System.
void move_to_own_scope(const std::string& unit, const std::string& description, pid_t pid,
                       const SystemdPlaces& places = {});

}  // namespace vps

// The places where a program meets systemd (PID 1) and the cgroups that it makes. Tests have
// places of their own.
#pragma once

#include <string>

#include "systemd/cgroup.hh"

namespace vps {

struct SystemdPlaces {
    std::string socket = "/run/systemd/private";           // the one that systemctl uses
    std::string cgroups = kCgroupOfAll;                    // the directory of vps.slice's cgroup
    std::string bus_slots = "/run/vps/bus";                // locks (bus_slot.hh)
    std::string drop_ins = "/run/systemd/system.control";  // of set-property
};

}  // namespace vps

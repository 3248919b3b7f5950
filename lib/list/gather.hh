// What vzlist reads: configurations, states, cgroups and quota, in one pass over the VPSes and
// without asking PID 1. For root on the host.
#pragma once

#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "context/running_vps.hh"
#include "list/listed_vps.hh"
#include "list/request.hh"
#include "systemd/cgroup.hh"

namespace vps {

// The host that is looked at; tests have one of their own.
struct ListPlaces {
    std::string config = "/etc/vz";
    std::string run = kRunDir;
    std::string cgroups = kCgroupOfAll;
    std::string proc = "/proc";
    std::string mounts = "/proc/self/mountinfo";
    std::string root = {};  // before the paths of private areas
    // Where the state of a VPS does not say what is in its scope.
    std::function<FoundVps(Veid)> find = [](Veid veid) { return find_vps(veid); };
    bool is_root = geteuid() == 0;
    std::optional<double> now{};  // seconds since the boot, if not the machine's own
    std::optional<unsigned> cpus{};
};

struct Gathered {
    std::vector<ListedVps> vpses;  // in the order of the list
    bool any = false;              // there is a VPS that was asked for, listed or not
};

// Throws Error Usage for an operand that names no VPS, SysError.
Gathered gather(const ListRequest& request, const ListPlaces& places);

}  // namespace vps

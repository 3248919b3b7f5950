// The places of a host that vzlist reads.
#pragma once

#include <unistd.h>

#include <functional>
#include <optional>
#include <string>

#include "context/running_vps.hh"
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
    // Asked where the state of a VPS does not say what is in its scope.
    std::function<FoundVps(Veid)> find = [](Veid veid) { return find_vps(veid); };
    bool is_root = geteuid() == 0;
    std::optional<double> now{};        // seconds since the boot, if not the machine's own
    std::optional<double> boot_time{};  // likewise, seconds since 1970
    std::optional<unsigned> cpus{};
};

}  // namespace vps

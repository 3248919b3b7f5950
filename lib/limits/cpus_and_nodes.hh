// The CPUs and memory nodes that this host has, against those that a configuration's masks name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"

namespace vps {

// A mask that names what is not there.
struct AbsentFromHost {
    std::string_view key;  // CPUMASK or NODEMASK
    std::string text;
};

// One for each such mask. Reads sys below `root`. Throws SysError.
std::vector<AbsentFromHost> find_absent_cpus_and_nodes(const VpsConfig& config,
                                                       const std::string& root = "");

// Throws Error BadValue, with the place, where a mask names what this host does not have: systemd
// would only warn, and run the VPS unlimited.
void require_cpus_and_nodes(const VpsConfig& config);

}  // namespace vps

// The CPUs and memory nodes of this host, compared with the masks of a configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"

namespace vps {

// A mask that names CPUs or nodes which the host lacks.
struct AbsentFromHost {
    std::string_view key;  // CPUMASK or NODEMASK
    std::string text;
};

// One for each such mask. Reads sys below `root`. Throws SysError.
std::vector<AbsentFromHost> find_absent_cpus_and_nodes(const VpsConfig& config,
                                                       const std::string& root = "");

// Throws Error BadValue, with file and line, where a mask names a CPU or node that this host lacks:
// systemd would only warn, and run the VPS unlimited.
void require_cpus_and_nodes(const VpsConfig& config);

}  // namespace vps

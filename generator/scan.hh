// What the host's configuration directory says about all of its VPSes. Reads etc/vz and, for
// CPUMASK=auto, the NUMA nodes in sys below a root directory; changes nothing. A file that cannot
// be read costs only its own VPS.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config.hh"

namespace vps {

struct ScannedVps {
    Veid veid;
    VpsConfig config;
};

struct ScannedHost {
    std::vector<ScannedVps> vpses;  // by VEID, ascending
    bool virtuozzo = true;
    unsigned parallel = 1;  // VE_PARALLEL, or 4 × CPUs
    std::uint64_t page_size = 4096;
    std::map<unsigned, std::string> node_cpus;  // "0-3,8", of nodes that a CPUMASK=auto asks for

    std::vector<Diagnostic> diagnostics;  // of vz.conf
    std::vector<std::string> errors;      // files that could not be read
};

// The nodes whose CPUs a CPUMASK=auto stands for; none if it does not say so.
std::vector<unsigned> auto_nodes(const VpsConfig& config);

// Throws SysError if the directory of configurations exists and cannot be read.
ScannedHost scan(const std::string& root);

}  // namespace vps

// The configuration of all VPSes of the host. Reads, below a root directory, etc/vz, the names of
// the cgroups in vps.slice and, for CPUMASK=auto, the NUMA nodes in sys; changes nothing. A file
// that cannot be read costs only its own VPS.
#pragma once

#include <string>
#include <vector>

#include "config/config.hh"
#include "limits/slice_limits.hh"

namespace vps {

struct ScannedVps {
    Veid veid;
    VpsConfig config;
    // The places that VE_PRIVATE and VE_ROOT lead to through symbolic links, link by link
    std::vector<std::string> private_places{}, root_places{};
};

struct ScannedHost : LimitHost {
    std::vector<ScannedVps> vpses;  // by VEID, ascending
    // VPSes that have a slice and no configuration any more, ascending; none at boot
    std::vector<Veid> left_slices;
    bool virtuozzo = true;
    unsigned parallel = 1;  // VE_PARALLEL, or 4 × CPUs

    std::vector<Diagnostic> diagnostics;  // of vz.conf
    std::vector<std::string> errors;      // files that could not be read
};

// Throws SysError if the directory of configurations exists and cannot be read.
ScannedHost scan(const std::string& root);

}  // namespace vps

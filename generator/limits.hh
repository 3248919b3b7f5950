// OpenVZ's resource parameters as settings of a VPS's slice. Pure.
#pragma once

#include <cstdint>

#include "scan.hh"
#include "unit_file.hh"

namespace vps {

// Adds the [Slice] settings that the configuration asks for; the section only if there are any.
void set_limits(UnitFile& unit, const VpsConfig& config, const ScannedHost& host);

// CPUQuota= in percent, 0 for none. The scope has it, too: lxcfs looks for it where the processes
// are, and not above.
std::uint64_t cpu_quota(const VpsConfig& config);

}  // namespace vps

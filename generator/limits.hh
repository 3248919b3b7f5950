// OpenVZ's resource parameters as settings of a VPS's slice. Pure.
#pragma once

#include "scan.hh"
#include "unit_file.hh"

namespace vps {

// Adds the [Slice] settings that the configuration asks for; the section only if there are any.
void set_limits(UnitFile& unit, const VpsConfig& config, const ScannedHost& host);

}  // namespace vps

// The VPSes that have a configuration.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The VPSes with a file N.conf in the directory of VPS configs, ascending; none if there is no such
// directory. Throws SysError where it cannot be read.
std::vector<Veid> list_vpses(const std::string& dir);

}  // namespace vps

// Names of VPSes (NAME in N.conf), which programs that are called by hand take, as vzctl did.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The VPSes with that NAME, ascending. A VPS whose configuration cannot be read has no name.
std::vector<Veid> find_named(const std::string& name, const std::string& dir = "/etc/vz");

}  // namespace vps

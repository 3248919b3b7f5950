// Names of VPSes (NAME in N.conf), for those who call a program by hand, as vzctl took them.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The VPSes with that NAME, ascending. What cannot be read has none.
std::vector<Veid> find_named(const std::string& name, const std::string& dir = "/etc/vz");

}  // namespace vps

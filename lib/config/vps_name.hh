// Names of VPSes (NAME in N.conf), which programs that are called by hand take, as vzctl did. vzctl
// keeps a link for each name beside them: /etc/vz/names/NAME leads to N.conf.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The VPSes with that NAME, ascending; where the name has a link, the one VPS that the link leads
// to. A link that leads to a VPS of another NAME does not count: it was left behind. A VPS whose
// configuration cannot be read has no name.
std::vector<Veid> find_named(const std::string& name, const std::string& dir = "/etc/vz");

// Whether a link of that name can be in /etc/vz/names: it is one name, not a path.
bool is_link_name(const std::string& name);

}  // namespace vps

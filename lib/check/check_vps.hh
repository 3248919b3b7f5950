// The starts of VPSes on this host, foretold: their files are checked, and each start is followed
// as far as it can be told without starting anything. Reads below a root directory; changes
// nothing.
#pragma once

#include <string>

#include "check/area.hh"
#include "check/checked.hh"

namespace vps {

// Checks vz.conf and the scripts for all VPSes.
void check_host(const std::string& root, Checked& checked);

// Checks N.conf, N's scripts and private area; also scripts for all VPSes that have not been
// checked yet.
void check_vps(Veid veid, const std::string& root, Checked& checked, Depth depth);

// Checks a file by itself: PATH/N.conf (with PATH/../vz.conf, if that exists) or an action script.
// Throws Error Usage for any other.
void check_file(const std::string& path, Checked& checked);

}  // namespace vps

// Things that one VPS at a time can have, compared between the VPSes that have been checked.
#pragma once

#include <string>

#include "check/checked.hh"
#include "config/config.hh"
#include "network/network_spec.hh"

namespace vps {

// Addresses, devices of the host and hardware addresses on a bridge.
void compare_network(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file);

// VE_ROOT and VE_PRIVATE, and whether users of the host can pass to the latter.
void compare_directories(Veid veid, const VpsConfig& config, const std::string& root,
                         Checked& checked, CheckedFile& file);

}  // namespace vps

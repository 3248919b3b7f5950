// The network of a VPS: what it misses on this host, and what another VPS has, too.
#pragma once

#include <string>

#include "check/checked.hh"
#include "network/network_spec.hh"

namespace vps {

// Judges the host's forwarding, its firewall, and the network of a VPS that runs. What all VPSes
// miss alike is told with the first. The host's own network only.
void check_network(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file);

}  // namespace vps

// What VPSes have received and sent, by the counters of the host's ends of their links, which no
// VPS can change. Callers are root on the host.
#pragma once

#include <cstdint>
#include <map>

#include "config/veid.hh"
#include "list/list_places.hh"
#include "list/listed_vps.hh"

namespace vps {

// By VPS, the sum of its links, as the VPS sees them: what the host has sent, it has received.
// Reads /run/vps/links and one file of procfs.
std::map<Veid, NetworkUse> read_network_use(const ListPlaces& places);

}  // namespace vps

// What vzlist reads: configurations, states, cgroups and quota, in one pass over the VPSes and
// without asking PID 1. Callers are root on the host.
#pragma once

#include <vector>

#include "list/list_places.hh"
#include "list/listed_vps.hh"
#include "list/request.hh"

namespace vps {

struct Gathered {
    std::vector<ListedVps> vpses;  // in the order of the list
    bool any = false;              // there is a VPS that was asked for, listed or not
};

// Throws Error Usage for an operand that names no VPS, SysError.
Gathered gather(const ListRequest& request, const ListPlaces& places);

}  // namespace vps

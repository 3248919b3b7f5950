// The parts of a VPS's network on the host, looked at and made again: packet filter, settings and
// state of the host's ends, ports of bridges, routes, and answers to the neighbours. Called by
// vps-network-guard when something has changed, and by vps-network at a reload and for vps-check.
// Callers are root with CAP_NET_ADMIN in the host's network namespace.
#pragma once

#include <string>
#include <vector>

#include "network/host_end.hh"
#include "network/host_ways.hh"
#include "network/network_record.hh"

namespace vps {

struct UpkeepReport {
    std::vector<std::string> missing;  // "no packet filter on venet101"
    std::vector<std::string> cannot;   // of these, why it is not there, and what makes it again
};

// What to do where another device of the host has taken the name of a link.
std::string explain_foreign_link(const std::string& link, Veid veid);

// Looks at all that a VPS has which has not ended and whose network is whole, as its record says
// now, while nobody undoes it; empty for another. With Upkeep::Mend also makes it again. What
// cannot be is in the report, and the rest is made all the same. Chooses the devices that answer to
// the neighbours first, as at the start: `ways` may have changed since. With Upkeep::Mend the
// record says the new choice. Throws SysError where not even looking is possible.
UpkeepReport keep_up_vps(Veid veid, Upkeep upkeep, HostWays& ways);

// The first ones of such parts, and how many there are beside them.
std::vector<std::string> shorten(std::vector<std::string> parts);

// A report that is not empty, for the journal of the VPS.
std::string describe_mended(const UpkeepReport& report);

}  // namespace vps

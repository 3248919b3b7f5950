// What may come out of a VPS: a table "vps101" of nf_tables in the netdev family, with one chain on
// the host's end of its link. It is ours alone; nothing else of the host's packet filter is looked
// at or changed. Callers are root in the host context.
#pragma once

#include <string>
#include <vector>

#include "network_spec.hh"
#include "veid.hh"

namespace vps {

// Lets IPv4 and IPv6 packets with a source among `addresses` in through `link`, and drops the rest.
// Replaces what an earlier run left. Throws SysError.
void allow_sources(Veid veid, const std::string& link, const std::vector<IpAddress>& addresses);

// Removes it; one that does not exist is no error. Throws SysError.
void forget_sources(Veid veid);

}  // namespace vps

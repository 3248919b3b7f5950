// What may come out of a VPS: a table "vps101" of nf_tables in the netdev family, with a chain on
// the host's end of each of its links. It is ours alone; nothing else of the host's packet filter
// is looked at or changed (libnftables(3)). Callers are root in the host context.
#pragma once

#include <string>
#include <vector>

#include "network_spec.hh"
#include "veid.hh"

namespace vps {

// Whether there is something to filter.
bool needs_packet_filter(const NetworkSpec& spec);

// On venet's end only IPv4 and IPv6 packets from the VPS's addresses pass, on a veth device's with
// mac_filter only frames from its hardware address. Replaces what an earlier run left; to be made
// before the links are up. Throws Error.
void make_packet_filter(Veid veid, const NetworkSpec& spec);

// Removes it; one that does not exist is no error. Throws Error.
void remove_packet_filter(Veid veid);

}  // namespace vps

// What may come out of the VPSes: the table "systemd-vps" of nf_tables in the netdev family, with a
// chain on each of the host's ends. It is ours alone; nothing else of the host's packet filter is
// looked at or changed (libnftables(3)). Callers are root in the host context and one at a time
// (HostClaims): whoever changes the tables meanwhile has libnftables read all of them again.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"
#include "network/network_spec.hh"

namespace vps {

// Whether there is something to filter.
bool needs_packet_filter(const NetworkSpec& spec);

// What nft(8) is told for it: the chains of the VPS's links are removed, should they be there, and
// made. Pure.
std::string packet_filter_commands(Veid veid, const NetworkSpec& spec);

// On venet's end only IPv4 and IPv6 packets from the VPS's addresses pass, on a veth device's with
// mac_filter only frames from its hardware address. Replaces what an earlier run left; to be made
// before the links are up. Throws Error.
void make_packet_filter(Veid veid, const NetworkSpec& spec);

// Removes the chains of that many links of the VPS, and with the last of all VPSes the table. What
// does not exist is no error. Throws Error.
enum class LastOfAll { No, Yes };
void remove_packet_filter(Veid veid, std::size_t links, LastOfAll last);

}  // namespace vps

// The names on this host that one VPS at a time has: its addresses, links and hardware addresses on
// bridges. A record of the network holds them, and a claim for each finds the holder at once. All
// but drop_claims() under HostClaims.
#pragma once

#include <string>

#include "config/veid.hh"
#include "network/network_record.hh"
#include "network/network_spec.hh"

namespace vps {

// Throws Error IpInUse, with the other VPS, where another has one of the addresses.
void refuse_addresses_of_others(Veid veid, const NetworkSpec& spec);

// Throws Error VethFailed where the host has a network device of that name, whosever it is: it is
// not ours to remove.
void refuse_name_on_host(const VethSpec& veth);

// Adds the device to the record. Throws Error VethFailed where another VPS has its hardware address
// on that bridge: two ports with one address take each other's frames.
void add_veth(Veid veid, const VethSpec& veth, NetworkRecord& record);

void set_claims(Veid veid, const NetworkRecord& record);
void drop_claims(Veid veid, const NetworkRecord& record);

}  // namespace vps

// The filter of packets that come out of the VPSes, on each of the host's ends: one of traffic
// control (tc(8), "clsact", programs of link_filter.hh). It is a part of the link: no firewall's
// tool that empties nf_tables, and no other VPS's start, touches it, and it goes with the link.
// Callers are root in the host context, or have CAP_NET_ADMIN there.
#pragma once

#include <string>

#include "network/link_filter.hh"
#include "network/network_record.hh"

namespace vps {

// Whether the link has it, with these programs and no others of ours. Throws SysError.
bool has_packet_filter(const std::string& link, const LinkPrograms& programs);

// Throws Error BadValue where a filter of one of its links cannot hold the record's addresses.
void refuse_too_many_addresses(const NetworkRecord& record);

// Gives it the filter that it has by the record, if any; before the link is up. Throws as
// set_packet_filter().
void filter_link(const NetworkRecord& record, const RecordedLink& link);

// Gives it to the link; to be done before the link is up. Replaces one that is there: one program
// at once, several while nothing passes. Throws Error System.
void set_packet_filter(const std::string& link, const LinkPrograms& programs);

}  // namespace vps

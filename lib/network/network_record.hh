// What the network of a VPS has on the host, on disk: /run/vps/N/network, written before anything
// is made and removed when nothing of it is left. It outlives whoever made it, and says to others
// which addresses are taken. Callers are root and have the VPS's lock (state.hh).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/veid.hh"
#include "network/moved_devices.hh"
#include "state/claim.hh"
#include "state/state.hh"

namespace vps {

struct NetworkRecord {
    std::vector<std::string> addresses;          // as IpAddress::to_string() spells them
    std::vector<std::string> neighbour_devices;  // that answer for them
    std::vector<std::string> links;              // the host's ends
    std::vector<MovedDevice> devices;            // of the host, in the VPS
    bool filter = false;                         // chains in the nf_tables table
    bool operator==(const NetworkRecord&) const = default;
};

// The text of the file, and back: whatever else is in the text is passed over. Names of links and
// devices have no blanks.
std::string format_network_record(const NetworkRecord& record);
NetworkRecord parse_network_record(const std::string& text);

// Nothing if there is none. Throws SysError.
std::optional<NetworkRecord> read_network_record(Veid veid);

// Of all VPSes but this one; what cannot be read is left out.
std::vector<std::pair<Veid, NetworkRecord>> read_records_of_others(Veid veid);

// Names of the record by which its VPS is found (claim.hh).
ClaimName address_claim(const std::string& address);
ClaimName link_claim(const std::string& link);

void write_network_record(Veid veid, const NetworkRecord& record);
void remove_network_record(Veid veid);

}  // namespace vps

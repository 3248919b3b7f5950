// The parts of a VPS's network on the host, on disk: /run/vps/N/network, written before anything is
// made and removed when nothing of it is left. The record outlives whoever made it, says to others
// which addresses are taken, and to vps-network-guard what must be there. Callers are root; those
// who write it have the VPS's lock (state.hh), or while the network is whole, HostClaims.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/veid.hh"
#include "network/link_filter.hh"
#include "network/moved_devices.hh"
#include "network/network_spec.hh"
#include "state/claim.hh"
#include "state/state.hh"

namespace vps {

// A host's end.
struct RecordedLink {
    std::string name;
    bool is_venet = false;  // else a device of NETIF
    bool answers = false;   // the host answers on it for what it routes elsewhere
    bool ip_filter = false;
    std::optional<MacAddress> mac{};  // frames from another one are dropped
    std::string bridge{};             // that it is a port of; empty: of none that is ours to see to
    int index = 0;                    // by which it is known whatever its name is; 0: not made yet
    bool operator==(const RecordedLink&) const = default;
};

struct NetworkRecord {
    std::vector<std::string> addresses;          // as IpAddress::to_string() spells them
    std::vector<std::string> neighbour_devices;  // that answer for them
    std::optional<NeighbourDevices> choice;      // how they are chosen; one of old has none
    std::vector<std::string> hardware;           // hardware_name() of NETIF's devices on bridges
    std::vector<RecordedLink> links;
    std::vector<MovedDevice> devices;  // of the host, in the VPS

    [[nodiscard]] std::vector<IpAddress> parsed_addresses() const;
    bool operator==(const NetworkRecord&) const = default;
};

// The text of the file, and back: whatever else is in the text is passed over. Names of links and
// devices have no blanks.
std::string format_network_record(const NetworkRecord& record);
NetworkRecord parse_network_record(const std::string& text);

// The filter for the packets that come in on that link.
LinkFilter filter_of(const NetworkRecord& record, const RecordedLink& link);

// What a record has at most: one of kMostAddresses has a quarter of it. Read and written by the
// same measure, because a record that cannot be read would stay for ever.
inline constexpr std::size_t kMostOfRecord = 4 << 20;

// The record of the VPS; nothing if there is none. Throws SysError.
std::optional<NetworkRecord> read_network_record(Veid veid);

// The records of all VPSes but this one; a record that cannot be read is left out.
std::vector<std::pair<Veid, NetworkRecord>> read_records_of_others(Veid veid);

// Names of the record by which its VPS is found (claim.hh).
ClaimName address_claim(const std::string& address);
ClaimName link_claim(const std::string& link);
ClaimName hardware_claim(const std::string& name);

// "00:18:51:a0:b1:c2@br0"
std::string hardware_name(const VethSpec& veth);

// Throws Error BadValue where it is too long, and SysError.
void write_network_record(Veid veid, const NetworkRecord& record);
void remove_network_record(Veid veid);

// The directory with an empty file, named by the VEID, for each network that is whole: from when
// all of it is made until the undoing begins. Whoever watches it (vps-network-guard) learns of
// both.
inline constexpr const char* kWholeDir = "/run/vps/networks";
void mark_whole(Veid veid);
void unmark_whole(Veid veid);
bool is_whole(Veid veid);

}  // namespace vps

// The network of a VPS as its configuration asks for it, as plain data: IP_ADDRESS, NETIF, NETDEV
// and what belongs to them in vps.conf(5). Pure: nothing of the host is looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/address.hh"
#include "config/config.hh"

namespace vps {

inline constexpr const char* kVenet = "venet0";  // the device of IP_ADDRESS in the VPS

// A device of NETIF: a veth pair, one end in the VPS, the other on the host.
struct VethSpec {
    std::string ifname, host_ifname;
    MacAddress mac, host_mac;
    std::string bridge;      // of the host; empty: none
    bool mac_filter = true;  // frames from another hardware address than `mac` are dropped
    bool ip_filter = false;  // and packets, ARP and NDP of another address than IP_ADDRESS's
    bool operator==(const VethSpec&) const = default;
};

// Whether another machine that has an address already is looked for (SKIP_ARPDETECT,
// ERROR_ON_ARPFAIL).
enum class ArpDetect { Skip, Warn, Refuse };

struct NetworkSpec {
    std::vector<IpAddress> addresses;  // of venet0
    NeighbourDevices neighbour_devices;
    ArpDetect arp_detect = ArpDetect::Warn;
    std::vector<VethSpec> veths;
    std::vector<std::string> devices;  // of the host, moved into the VPS

    [[nodiscard]] bool empty() const {
        return addresses.empty() && veths.empty() && devices.empty();
    }
};

// The addresses and devices that the configuration asks for, each once. One that cannot be beside
// the rest is left out and said in `problems`. Hardware addresses that NETIF does not give are made
// of `host`, a text that is this host's alone, the VEID and the device's name: always the same.
NetworkSpec plan_network(Veid veid, const VpsConfig& config, std::string_view host,
                         std::vector<ConfigProblem>& problems);

// The host's end of venet0: "venet101".
std::string venet_name(Veid veid);

}  // namespace vps

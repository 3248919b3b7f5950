// The network of a VPS as its configuration asks for it, as plain data: IP_ADDRESS, NETIF, NETDEV
// and what belongs to them in vps.conf(5). Pure: nothing of the host is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"

namespace vps {

inline constexpr const char* kVenet = "venet0";  // the device of IP_ADDRESS in the VPS

struct IpAddress {
    int family = 0;                      // AF_INET or AF_INET6
    std::array<std::uint8_t, 16> raw{};  // network byte order; of IPv4 the first four
    unsigned prefix = 0;                 // its mask; 32 or 128 where none was given

    // "192.0.2.7", "192.0.2.7/24", "192.0.2.7/255.255.255.0", "2001:db8::7", "2001:db8::7/64".
    // Throws Error BadIp, whose text completes "'…': ".
    static IpAddress parse(std::string_view text);

    [[nodiscard]] std::string_view bytes() const;  // 4 or 16 of them
    // In the one canonical spelling, without the mask.
    [[nodiscard]] std::string to_string() const;
    bool operator==(const IpAddress&) const = default;
};

// On which devices of the host the addresses are answered for (NEIGHBOUR_DEVS).
struct NeighbourDevices {
    enum class Kind {
        Detect,  // those that an address would be routed to
        All,
        List,
    } kind = Kind::Detect;
    std::vector<std::string> list{};
    bool operator==(const NeighbourDevices&) const = default;
};

struct MacAddress {
    std::array<std::uint8_t, 6> raw{};

    // "00:18:51:a0:b1:c2", also with "-"; one that a single device can have. Nothing for other
    // text.
    static std::optional<MacAddress> parse(std::string_view text);
    [[nodiscard]] std::string_view bytes() const;
    [[nodiscard]] std::string to_string() const;
    bool operator==(const MacAddress&) const = default;
};

// A device of NETIF: a veth pair, one end in the VPS, the other on the host.
struct VethSpec {
    std::string ifname, host_ifname;
    MacAddress mac, host_mac;
    std::string bridge;      // of the host; empty: none
    bool mac_filter = true;  // frames from another hardware address than `mac` are dropped
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

// Whether the configuration asks for anything of it, be it readable or not.
bool wants_network(const VpsConfig& config);

// True for a link's name that needs quoting nowhere: 1 to 15 of letters, digits and "._-@", not
// starting with "-", and not "." or "..".
bool is_link_name(std::string_view name);

// What the configuration asks for, each address and device once. What cannot be read is left out
// and said in `problems`, as "KEY: 'word': why". Hardware addresses that NETIF does not give are
// made of `host`, a text that is this host's alone, the VEID and the device's name: always the
// same.
NetworkSpec plan_network(Veid veid, const VpsConfig& config, std::string_view host,
                         std::vector<std::string>& problems);

// The host's end of venet0: "venet101".
std::string venet_name(Veid veid);

}  // namespace vps

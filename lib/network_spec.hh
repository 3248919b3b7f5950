// The network of a VPS as its configuration asks for it, as plain data: IP_ADDRESS, IPV6 and
// NEIGHBOUR_DEVS of vps.conf(5). Pure: nothing of the host is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hh"

namespace vps {

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

struct NetworkSpec {
    std::vector<IpAddress> addresses;  // of venet0
    NeighbourDevices neighbour_devices;

    [[nodiscard]] bool empty() const { return addresses.empty(); }
};

// True for what the kernel takes for a link's name: 1 to 15 characters, no blank, "/" or ":".
bool is_link_name(std::string_view name);

// What the configuration asks for, each address once. What cannot be read is left out and said in
// `problems`, as "KEY: 'word': why".
NetworkSpec plan_network(const VpsConfig& config, std::vector<std::string>& problems);

// The host's end of venet0: "venet101".
std::string venet_name(Veid veid);

}  // namespace vps

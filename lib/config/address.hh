// Addresses and names of a network, as configurations spell them: plain data. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vps {

// IP_ADDRESS has no more, and a start with more is refused. The kernel looks through the addresses
// of a device for each one that it is given: the time grows with the square.
inline constexpr std::size_t kMostAddresses = 16384;

struct IpAddress {
    int family = 0;                      // AF_INET or AF_INET6
    std::array<std::uint8_t, 16> raw{};  // network byte order; of IPv4 the first four
    unsigned prefix = 0;                 // the mask; 32 or 128 where none was given

    // "192.0.2.7", "192.0.2.7/24", "192.0.2.7/255.255.255.0", "2001:db8::7", "2001:db8::7/64".
    // Throws Error BadIp, whose text completes "'…': ".
    static IpAddress parse(std::string_view text);

    [[nodiscard]] std::string_view bytes() const;  // 4 or 16 bytes
    // The address in its one canonical spelling, without the mask.
    [[nodiscard]] std::string to_string() const;
    bool operator==(const IpAddress&) const = default;
};

struct MacAddress {
    std::array<std::uint8_t, 6> raw{};

    // "00:18:51:a0:b1:c2", also with "-": an address that a single device can have. Nothing for
    // other text.
    static std::optional<MacAddress> parse(std::string_view text);
    [[nodiscard]] std::string_view bytes() const;
    [[nodiscard]] std::string to_string() const;
    bool operator==(const MacAddress&) const = default;
};

// The devices on which the host answers for the addresses (NEIGHBOUR_DEVS).
struct NeighbourDevices {
    enum class Kind {
        Detect,  // the devices that an address would be routed to
        All,
        List,
    } kind = Kind::Detect;
    std::vector<std::string> list{};
    bool operator==(const NeighbourDevices&) const = default;
};

// A device of NETIF as it is written; a start makes up empty and absent values.
struct NetifSpec {
    std::string ifname, host_ifname;
    std::optional<MacAddress> mac, host_mac;
    std::string bridge;      // of the host; empty: none
    bool mac_filter = true;  // frames from another hardware address than `mac` are dropped
    bool ip_filter = false;  // and packets, ARP and NDP of another address than IP_ADDRESS's
    bool operator==(const NetifSpec&) const = default;
};

// Reads "ifname=eth0,bridge=vmbr0,…". For text that is no device, `why` completes "'…': ".
std::optional<NetifSpec> parse_netif(std::string_view text, std::string& why);

// The settings among them that Virtuozzo's vzctl writes and that say nothing here: "gw=192.0.2.1".
std::vector<std::string_view> find_passed_over(std::string_view netif);

// True for a link's name that needs quoting nowhere: 1 to 15 of letters, digits and "._-@", not
// starting with "-", and not ".", "..", "all" or "default".
bool is_link_name(std::string_view name);

}  // namespace vps

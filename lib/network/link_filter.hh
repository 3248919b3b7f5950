// The frames that may come in on the host's end of a VPS's link, as a program of classic BPF: pure,
// a list of instructions that packet_filter.hh gives to the kernel. The frames are a hostile VPS's.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "network/network_spec.hh"

namespace vps {

struct LinkFilter {
    std::optional<MacAddress> mac;     // frames from another one are dropped
    bool only_addresses = false;       // and packets from another address than these
    bool has_neighbours = false;       // the link speaks ARP and NDP: for these addresses only
    std::vector<IpAddress> addresses;  // of only_addresses
    bool drops_advice = false;         // and routers' advice to the host (RFC 4861, RFC 792)
    [[nodiscard]] bool empty() const { return !mac && !only_addresses && !drops_advice; }
};

// The filter of venet's end lets out packets of IP from these addresses, nothing else.
LinkFilter venet_filter(const std::vector<IpAddress>& addresses);

// Programs for a filter that is not empty, all of which a frame has to pass: one, unless there are
// more addresses than a program of the kernel's size can hold. Addresses that follow one another
// take the room of one. Each instruction that returns drops the frame (TC_ACT_SHOT), or leaves it
// to the next program, filters of others and then the host (TC_ACT_UNSPEC). Throws Error BadValue
// where the addresses need more programs than kMostPrograms.
using LinkPrograms = std::vector<std::vector<sock_filter>>;
inline constexpr std::size_t kMostPrograms = 32;
LinkPrograms compile_filter(const LinkFilter& filter);

}  // namespace vps

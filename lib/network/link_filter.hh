// The frames that may come in on the host's end of a VPS's link, as a program of classic BPF: pure,
// a list of instructions that packet_filter.hh gives to the kernel. The frames are a hostile VPS's.
#pragma once

#include <linux/filter.h>

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

// A program for a filter that is not empty. Each instruction that returns drops the frame
// (TC_ACT_SHOT), or leaves it to filters of others and then to the host (TC_ACT_UNSPEC). Throws
// Error CannotAddIp where there are more addresses than a program of the kernel's size can hold.
std::vector<sock_filter> compile_filter(const LinkFilter& filter);

}  // namespace vps

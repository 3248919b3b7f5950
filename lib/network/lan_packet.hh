// ARP of Ethernet (RFC 826, RFC 5227) and neighbour discovery (RFC 4861) as bytes: the messages
// that ask and tell who has an address, and the ones of other machines. Pure. Parsed bytes may come
// from anybody.
#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>

#include "network/network_spec.hh"

namespace vps {

enum class LanMessage {
    Question,      // who has the address?
    Announcement,  // the host has it
};

// An ARP message without the header of Ethernet. A question is a probe: it teaches nobody an
// address.
std::string make_arp(LanMessage what, const IpAddress& address, const MacAddress& mac);

// A neighbour solicitation or advertisement with its one option, a link-layer address. Without the
// header of IPv6; the kernel fills in the checksum.
std::string make_neighbour_message(LanMessage what, const IpAddress& address,
                                   const MacAddress& mac);

// Another machine says that it has the address.
struct LanAnswer {
    IpAddress address;
    std::string machine;  // its hardware address, or another name of it
};

// Who is at which address. Nothing for a packet that is no ARP of IPv4 over Ethernet, is from
// `ours`, or is another machine's probe, which claims no address.
std::optional<LanAnswer> parse_arp(std::string_view packet, const MacAddress& ours);

// Who is at which address. Nothing for a message that is no neighbour advertisement, is about a
// group, or comes from behind a router: a neighbour's has a `hop_limit` of 255 (RFC 4861, 7.1.2).
// `from` is its sender.
std::optional<LanAnswer> parse_advertisement(std::string_view message, const in6_addr& from,
                                             int hop_limit);

}  // namespace vps

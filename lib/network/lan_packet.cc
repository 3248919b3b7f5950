#include "network/lan_packet.hh"

#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>

#include <algorithm>
#include <cstring>

namespace vps {

namespace {

struct NeighbourMessage {
    nd_neighbor_solicit head{};  // an advertisement has the same fields
    nd_opt_hdr option{};
    std::uint8_t mac[6]{};
};
static_assert(sizeof(NeighbourMessage) == 32);

template <typename Message>
std::string bytes_of(const Message& message) {
    return {reinterpret_cast<const char*>(&message), sizeof message};
}

// The start of what was received; nothing if it is too short.
template <typename Message>
std::optional<Message> start_of(std::string_view received) {
    Message message;
    if (received.size() < sizeof message)
        return std::nullopt;
    std::memcpy(&message, received.data(), sizeof message);
    return message;
}

IpAddress make_address(int family, const void* bytes, std::size_t size) {
    IpAddress address;
    address.family = family;
    std::memcpy(address.raw.data(), bytes, size);
    address.prefix = static_cast<unsigned>(size * 8);
    return address;
}

}  // namespace

std::string make_arp(LanMessage what, const IpAddress& address, const MacAddress& mac) {
    ether_arp message{};
    message.arp_hrd = htons(ARPHRD_ETHER);
    message.arp_pro = htons(ETHERTYPE_IP);
    message.arp_hln = ETH_ALEN;
    message.arp_pln = 4;
    message.arp_op = htons(ARPOP_REQUEST);
    std::copy(mac.raw.begin(), mac.raw.end(), message.arp_sha);
    if (what == LanMessage::Announcement)
        std::copy_n(address.raw.begin(), 4, message.arp_spa);
    std::copy_n(address.raw.begin(), 4, message.arp_tpa);
    return bytes_of(message);
}

std::string make_neighbour_message(LanMessage what, const IpAddress& address,
                                   const MacAddress& mac) {
    const bool asks = what == LanMessage::Question;
    NeighbourMessage message;
    message.head.nd_ns_type = asks ? ND_NEIGHBOR_SOLICIT : ND_NEIGHBOR_ADVERT;
    if (!asks)
        message.head.nd_ns_reserved = ND_NA_FLAG_OVERRIDE;
    std::copy(address.raw.begin(), address.raw.end(), message.head.nd_ns_target.s6_addr);
    message.option.nd_opt_type = asks ? ND_OPT_SOURCE_LINKADDR : ND_OPT_TARGET_LINKADDR;
    message.option.nd_opt_len = 1;  // in units of 8 bytes
    std::copy(mac.raw.begin(), mac.raw.end(), message.mac);
    return bytes_of(message);
}

std::optional<LanAnswer> parse_arp(std::string_view packet, const MacAddress& ours) {
    const auto message = start_of<ether_arp>(packet);
    if (!message || message->arp_pro != htons(ETHERTYPE_IP) || message->arp_hln != ETH_ALEN ||
        message->arp_pln != 4)
        return std::nullopt;
    MacAddress mac;
    std::copy_n(message->arp_sha, mac.raw.size(), mac.raw.begin());
    const IpAddress address = make_address(AF_INET, message->arp_spa, 4);
    const bool claims_none = address.raw == IpAddress().raw;
    if (mac == ours || claims_none)
        return std::nullopt;
    return LanAnswer{address, mac.to_string()};
}

std::optional<LanAnswer> parse_advertisement(std::string_view message, const in6_addr& from,
                                             int hop_limit) {
    const auto advert = start_of<nd_neighbor_advert>(message);
    if (!advert || advert->nd_na_type != ND_NEIGHBOR_ADVERT || advert->nd_na_code != 0 ||
        hop_limit != 255 || IN6_IS_ADDR_MULTICAST(&advert->nd_na_target))
        return std::nullopt;
    return LanAnswer{make_address(AF_INET6, &advert->nd_na_target, 16),
                     make_address(AF_INET6, &from, 16).to_string()};
}

}  // namespace vps

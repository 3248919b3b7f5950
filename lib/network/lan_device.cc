#include "network/lan_device.hh"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

namespace {

constexpr std::uint8_t kNobody[4]{};  // the sender of a probe: it teaches nobody an address

// A neighbour solicitation or advertisement with its one option, a link-layer address.
struct NeighbourMessage {
    nd_neighbor_solicit head{};  // an advertisement has the same fields
    nd_opt_hdr option{};
    std::uint8_t mac[6]{};
};
static_assert(sizeof(NeighbourMessage) == 32);

NeighbourMessage make_message(std::uint8_t type, const IpAddress& address, const MacAddress& mac) {
    NeighbourMessage message;
    message.head.nd_ns_type = type;
    std::copy(address.raw.begin(), address.raw.end(), message.head.nd_ns_target.s6_addr);
    message.option.nd_opt_type =
        type == ND_NEIGHBOR_SOLICIT ? ND_OPT_SOURCE_LINKADDR : ND_OPT_TARGET_LINKADDR;
    message.option.nd_opt_len = 1;  // in units of 8 bytes
    std::copy(mac.raw.begin(), mac.raw.end(), message.mac);
    return message;
}

Fd open_arp(unsigned index) {
    Fd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP)));
    sockaddr_ll here{};
    here.sll_family = AF_PACKET;
    here.sll_protocol = htons(ETH_P_ARP);
    here.sll_ifindex = static_cast<int>(index);
    if (!socket || bind(socket.get(), reinterpret_cast<sockaddr*>(&here), sizeof here) < 0)
        throw SysError(errno, "open a socket for ARP");
    return socket;
}

// Empty on a kernel without IPv6.
Fd open_icmp6(const std::string& device) {
    Fd socket(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
    if (!socket && errno == EAFNOSUPPORT)
        return socket;
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
    const int hops = 255;  // of others' neighbours are not heard (RFC 4861, 7.1)
    const int no = 0;
    if (!socket ||
        setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                   static_cast<socklen_t>(device.size())) < 0 ||
        setsockopt(socket.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) < 0 ||
        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0 ||
        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &no, sizeof no) < 0)
        throw SysError(errno, "open a socket for neighbour discovery");
    return socket;
}

IpAddress make_address(int family, const void* bytes, std::size_t size) {
    IpAddress address;
    address.family = family;
    std::memcpy(address.raw.data(), bytes, size);
    address.prefix = static_cast<unsigned>(size * 8);
    return address;
}

}  // namespace

LanDevice::LanDevice(std::string name) : name_(std::move(name)) {
    index_ = if_nametoindex(name_.c_str());
    ifreq request{};
    std::strncpy(request.ifr_name, name_.c_str(), IFNAMSIZ - 1);
    const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (ioctl(any.get(), SIOCGIFHWADDR, &request) < 0)
        throw SysError(errno, "ask for the hardware address of", name_);
    if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return;
    std::memcpy(mac_.raw.data(), request.ifr_hwaddr.sa_data, mac_.raw.size());
    arp_ = open_arp(index_);
    icmp6_ = open_icmp6(name_);
}

void LanDevice::send_arp(const IpAddress& address, const std::uint8_t* sender) const {
    ether_arp message{};
    message.arp_hrd = htons(ARPHRD_ETHER);
    message.arp_pro = htons(ETHERTYPE_IP);
    message.arp_hln = ETH_ALEN;
    message.arp_pln = 4;
    message.arp_op = htons(ARPOP_REQUEST);
    std::copy(mac_.raw.begin(), mac_.raw.end(), message.arp_sha);
    std::copy_n(sender, 4, message.arp_spa);
    std::copy_n(address.raw.begin(), 4, message.arp_tpa);
    sockaddr_ll everybody{};
    everybody.sll_family = AF_PACKET;
    everybody.sll_protocol = htons(ETH_P_ARP);
    everybody.sll_ifindex = static_cast<int>(index_);
    everybody.sll_halen = ETH_ALEN;
    std::memset(everybody.sll_addr, 0xff, ETH_ALEN);
    (void)sendto(arp_.get(), &message, sizeof message, 0, reinterpret_cast<sockaddr*>(&everybody),
                 sizeof everybody);
}

void LanDevice::send_icmp6(const void* message, std::size_t size, const in6_addr& to) const {
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_addr = to;
    target.sin6_scope_id = index_;
    (void)sendto(icmp6_.get(), message, size, 0, reinterpret_cast<sockaddr*>(&target),
                 sizeof target);
}

void LanDevice::ask_for(const IpAddress& address) const {
    if (address.family == AF_INET) {
        send_arp(address, kNobody);
        return;
    }
    const NeighbourMessage message = make_message(ND_NEIGHBOR_SOLICIT, address, mac_);
    // The multicast group of all that have an address with these last three bytes.
    in6_addr group{{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}}};
    std::copy_n(address.raw.begin() + 13, 3, group.s6_addr + 13);
    send_icmp6(&message, sizeof message, group);
}

void LanDevice::announce(const IpAddress& address) const {
    if (address.family == AF_INET) {
        send_arp(address, address.raw.data());
        return;
    }
    NeighbourMessage message = make_message(ND_NEIGHBOR_ADVERT, address, mac_);
    message.head.nd_ns_reserved = ND_NA_FLAG_OVERRIDE;
    const in6_addr all_nodes{{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};
    send_icmp6(&message, sizeof message, all_nodes);
}

std::optional<LanDevice::Answer> LanDevice::read_arp() const {
    ether_arp message{};
    const ssize_t got = recv(arp_.get(), &message, sizeof message, 0);
    if (got < 0)
        return std::nullopt;
    if (got < static_cast<ssize_t>(sizeof message) || message.arp_pro != htons(ETHERTYPE_IP) ||
        message.arp_hln != ETH_ALEN || message.arp_pln != 4)
        return Answer{};
    MacAddress mac;
    std::copy_n(message.arp_sha, mac.raw.size(), mac.raw.begin());
    if (mac == mac_)
        return Answer{};
    return Answer{make_address(AF_INET, message.arp_spa, 4), mac.to_string()};
}

std::optional<LanDevice::Answer> LanDevice::read_icmp6() const {
    NeighbourMessage message;
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(icmp6_.get(), &message, sizeof message, 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0)
        return std::nullopt;
    if (got < static_cast<ssize_t>(sizeof message.head))
        return Answer{};
    return Answer{make_address(AF_INET6, &message.head.nd_ns_target, 16),
                  make_address(AF_INET6, &from.sin6_addr, 16).to_string()};
}

std::optional<LanDevice::Answer> LanDevice::read_answer() const {
    const std::optional<Answer> answer = read_arp();
    return answer ? answer : read_icmp6();
}

std::vector<int> LanDevice::sockets() const {
    return {arp_.get(), icmp6_.get()};
}

std::optional<AddressConflict> wait_for_conflict(const std::vector<LanDevice>& devices,
                                                 const std::vector<IpAddress>& addresses,
                                                 std::chrono::milliseconds time) {
    std::vector<pollfd> waiting;  // poll(2) passes over what is not open
    for (const LanDevice& device : devices)
        for (const int socket : device.sockets())
            waiting.push_back({socket, POLLIN, 0});
    const Deadline deadline = std::chrono::steady_clock::now() + time;
    for (int left = 0; (left = milliseconds_until(deadline)) > 0;) {
        if (poll(waiting.data(), waiting.size(), left) <= 0)
            continue;
        for (const LanDevice& device : devices)
            while (const std::optional<LanDevice::Answer> answer = device.read_answer())
                for (const IpAddress& address : addresses)
                    if (answer->address.family == address.family &&
                        answer->address.raw == address.raw)
                        return AddressConflict{address, answer->machine, device.name()};
    }
    return std::nullopt;
}

}  // namespace vps

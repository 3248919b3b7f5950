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
#include <array>
#include <cstring>

#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

namespace {

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
    const int no = 0, yes = 1;
    if (!socket ||
        setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                   static_cast<socklen_t>(device.size())) < 0 ||
        setsockopt(socket.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) < 0 ||
        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0 ||
        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &no, sizeof no) < 0 ||
        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &yes, sizeof yes) < 0)
        throw SysError(errno, "open a socket for neighbour discovery");
    return socket;
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

void LanDevice::send_arp(LanMessage what, const IpAddress& address) const {
    const std::string message = make_arp(what, address, mac_);
    sockaddr_ll everybody{};
    everybody.sll_family = AF_PACKET;
    everybody.sll_protocol = htons(ETH_P_ARP);
    everybody.sll_ifindex = static_cast<int>(index_);
    everybody.sll_halen = ETH_ALEN;
    std::memset(everybody.sll_addr, 0xff, ETH_ALEN);
    (void)sendto(arp_.get(), message.data(), message.size(), 0,
                 reinterpret_cast<sockaddr*>(&everybody), sizeof everybody);
}

void LanDevice::send_icmp6(LanMessage what, const IpAddress& address, const in6_addr& to) const {
    const std::string message = make_neighbour_message(what, address, mac_);
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_addr = to;
    target.sin6_scope_id = index_;
    (void)sendto(icmp6_.get(), message.data(), message.size(), 0,
                 reinterpret_cast<sockaddr*>(&target), sizeof target);
}

void LanDevice::ask_for(const IpAddress& address) const {
    if (address.family == AF_INET) {
        send_arp(LanMessage::Question, address);
        return;
    }
    // The multicast group of all that have an address with these last three bytes.
    in6_addr group{{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}}};
    std::copy_n(address.raw.begin() + 13, 3, group.s6_addr + 13);
    send_icmp6(LanMessage::Question, address, group);
}

void LanDevice::announce(const IpAddress& address) const {
    if (address.family == AF_INET) {
        send_arp(LanMessage::Announcement, address);
        return;
    }
    const in6_addr all_nodes{{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};
    send_icmp6(LanMessage::Announcement, address, all_nodes);
}

std::optional<LanAnswer> LanDevice::read_arp() const {
    std::array<char, 64> packet;
    const ssize_t got = recv(arp_.get(), packet.data(), packet.size(), 0);
    if (got < 0)
        return std::nullopt;
    return parse_arp({packet.data(), static_cast<std::size_t>(got)}, mac_).value_or(LanAnswer{});
}

std::optional<LanAnswer> LanDevice::read_icmp6() const {
    std::array<char, 64> packet;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    sockaddr_in6 from{};
    iovec part{packet.data(), packet.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(icmp6_.get(), &message, 0);
    if (got < 0)
        return std::nullopt;
    int hop_limit = 0;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT)
        std::memcpy(&hop_limit, CMSG_DATA(header), sizeof hop_limit);
    return parse_advertisement({packet.data(), static_cast<std::size_t>(got)}, from.sin6_addr,
                               hop_limit)
        .value_or(LanAnswer{});
}

std::optional<LanAnswer> LanDevice::read_answer() const {
    const std::optional<LanAnswer> answer = read_arp();
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
            for (std::optional<LanAnswer> answer;
                 milliseconds_until(deadline) > 0 && (answer = device.read_answer());)
                for (const IpAddress& address : addresses)
                    if (answer->address.family == address.family &&
                        answer->address.raw == address.raw)
                        return AddressConflict{address, answer->machine, device.name()};
    }
    return std::nullopt;
}

}  // namespace vps

#include "network/changes.hh"

#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "network/netlink.hh"
#include "network/venet.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr int kGroups[] = {RTNLGRP_LINK,        RTNLGRP_TC,           RTNLGRP_IPV4_ROUTE,
                           RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
                           RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};

// A router's routes change all the time, and each start of a VPS makes queues and filters: of these
// the kernel is to wake us for our own that go away only, and for routes that no routing daemon
// makes, or to everything.
void hear_what_matters(int socket) {
    const auto type = [](std::uint16_t number) { return std::uint32_t{htons(number)}; };
    constexpr std::uint32_t kType = offsetof(nlmsghdr, nlmsg_type);
    constexpr std::uint32_t kTable = sizeof(nlmsghdr) + offsetof(rtmsg, rtm_table);
    constexpr std::uint32_t kProtocol = sizeof(nlmsghdr) + offsetof(rtmsg, rtm_protocol);
    constexpr std::uint32_t kPrefix = sizeof(nlmsghdr) + offsetof(rtmsg, rtm_dst_len);
    constexpr std::uint32_t kAll = 0xffffffff;
    std::array code{
        sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kType),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type(RTM_DELROUTE), 6, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type(RTM_NEWROUTE), 7, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type(RTM_NEWTFILTER), 3, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type(RTM_NEWQDISC), 2, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type(RTM_NEWTCLASS), 1, 0),
        sock_filter BPF_STMT(BPF_RET | BPF_K, kAll),
        sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
        // A route that goes away,
        sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocol),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kRouteProtocol, 10, 0),
        // and any route.
        sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kTable),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_TABLE_LOCAL, 9, 0),
        sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocol),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_KERNEL, 6, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_BOOT, 5, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_STATIC, 4, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_RA, 3, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_DHCP, 2, 0),
        sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kPrefix),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        sock_filter BPF_STMT(BPF_RET | BPF_K, kAll),
        sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const sock_fprog program{code.size(), code.data()};
    if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
        throw SysError(errno, "filter what the kernel tells");
}

}  // namespace

ChangeListener::ChangeListener() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
    if (!socket_)
        throw SysError(errno, "open a netlink socket");
    const int socket = mnl_socket_get_fd(socket_.get());
    hear_what_matters(socket);
    if (mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        throw SysError(errno, "bind a netlink socket");
    for (const int group : kGroups)
        if (setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
            throw SysError(errno, "listen to the kernel's network");
}

FdRef ChangeListener::fd() const {
    return FdRef(mnl_socket_get_fd(socket_.get()));
}

void ChangeListener::take_link(const nlmsghdr* message, NetworkChanges& changes) {
    const auto header = header_of<ifinfomsg>(message);
    if (header.ifi_family != AF_UNSPEC)
        return;  // the same again, as a bridge's port
    const std::string_view attributes = attributes_of(message, sizeof header);
    const std::string name = text_of(find_attribute(attributes, IFLA_IFNAME));
    if (message->nlmsg_type == RTM_DELLINK) {
        seen_.erase(header.ifi_index);
        changes.links.insert(name);
        return;
    }
    std::string state = std::to_string(header.ifi_flags & (IFF_UP | IFF_RUNNING | IFF_NOARP)) + ' ';
    state += find_attribute(attributes, IFLA_MASTER);
    // A bridge has the lowest address of its ports, and so another one now and then as VPSes start.
    if (text_of(find_attribute(find_attribute(attributes, IFLA_LINKINFO), IFLA_INFO_KIND)) !=
        "bridge")
        state += find_attribute(attributes, IFLA_ADDRESS);
    Seen& seen = seen_[header.ifi_index];
    if (seen.state == state && seen.name == name)
        return;
    changes.links.insert(name);
    if (!seen.name.empty())
        changes.links.insert(seen.name);
    seen = {std::move(state), name};
}

void ChangeListener::take_setting(const nlmsghdr* message, NetworkChanges& changes) const {
    const auto index = static_cast<int>(
        number_of(find_attribute(attributes_of(message, sizeof(netconfmsg)), NETCONFA_IFINDEX)));
    if (index > 0)
        take_index(index, changes);
    else
        changes.all |= index == NETCONFA_IFINDEX_ALL;
}

void ChangeListener::take_address(const nlmsghdr* message, NetworkChanges& changes) {
    const auto header = header_of<ifaddrmsg>(message);
    const std::string_view attributes = attributes_of(message, sizeof header);
    std::string key =
        std::to_string(header.ifa_index) + '/' + std::to_string(header.ifa_prefixlen) + ' ';
    key += find_attribute(attributes, header.ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS);
    if (message->nlmsg_type == RTM_DELADDR) {
        addresses_.erase(key);
        changes.ways = true;
    } else {
        changes.ways |= addresses_.insert(key).second;
    }
}

void ChangeListener::take_route(const nlmsghdr* message, NetworkChanges& changes) const {
    const auto header = header_of<rtmsg>(message);
    if (header.rtm_protocol != kRouteProtocol)
        changes.ways = true;
    else
        take_index(static_cast<int>(
                       number_of(find_attribute(attributes_of(message, sizeof header), RTA_OIF))),
                   changes);
}

void ChangeListener::take_index(int index, NetworkChanges& changes) const {
    char name[IF_NAMESIZE];
    if (if_indextoname(static_cast<unsigned>(index), name))
        changes.links.insert(name);
}

void ChangeListener::take(const nlmsghdr* message, NetworkChanges& changes) {
    switch (message->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
            return take_link(message, changes);
        case RTM_NEWNETCONF:
            return take_setting(message, changes);
        case RTM_DELQDISC:
        case RTM_DELTFILTER:
            return take_index(header_of<tcmsg>(message).tcm_ifindex, changes);
        case RTM_NEWADDR:
        case RTM_DELADDR:
            return take_address(message, changes);
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            return take_route(message, changes);
        default:
            return;
    }
}

NetworkChanges ChangeListener::read() {
    NetworkChanges changes;
    alignas(nlmsghdr) std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = recv(fd().get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == ENOBUFS) {
            changes.all = true;
            continue;
        }
        if (got <= 0)
            return changes;
        int left = static_cast<int>(got);
        for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
             mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
            take(message, changes);
    }
}

}  // namespace vps

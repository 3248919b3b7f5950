#include "venet.hh"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

#include "error.hh"
#include "netlink.hh"

namespace vps {

namespace {

constexpr const char* kInside = "venet0";

// Both ends have it, and of every VPS: it never leaves the pair. Locally administered.
constexpr char kHardwareAddress[] = {0x02, 0x00, 0x00, 'v', 'e', 't'};

void require(const NetlinkReply& reply, const std::string& verb, const std::string& object) {
    if (reply.error != 0)
        throw SysError(reply.error, verb, object, ExitCode::CannotAddIp);
}

ifinfomsg link_header(unsigned set_flags = 0) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_flags = header.ifi_change = set_flags;
    return header;
}

void add_end(NetlinkMessage& message, const std::string& name) {
    message.add_name(IFLA_IFNAME, name)
        .add(IFLA_ADDRESS, {kHardwareAddress, sizeof kHardwareAddress});
}

// Up, and with no IPv6 address of its own making: its neighbour would not take it for one.
void set_up(const NetlinkSocket& socket, const std::string& name) {
    NetlinkMessage plain(RTM_NEWLINK, 0, link_header());
    plain.add_name(IFLA_IFNAME, name);
    const std::size_t families = plain.open(IFLA_AF_SPEC), v6 = plain.open(AF_INET6);
    plain.add_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    plain.close(v6);
    plain.close(families);
    (void)socket.ask(plain);  // a kernel without IPv6 makes none anyway

    NetlinkMessage up(RTM_NEWLINK, 0, link_header(IFF_UP | IFF_NOARP));
    up.add_name(IFLA_IFNAME, name);
    require(socket.ask(up), "set up", name);
}

std::uint32_t find_index(const NetlinkSocket& socket, const std::string& name) {
    NetlinkMessage message(RTM_GETLINK, 0, link_header());
    message.add_name(IFLA_IFNAME, name);
    const NetlinkReply reply = socket.ask(message);
    require(reply, "find", name);
    return static_cast<std::uint32_t>(reply.header<ifinfomsg>().ifi_index);
}

// A route over the device itself, to an address or, without one, to everything.
NetlinkMessage make_route(int family, std::uint32_t device, const IpAddress* to) {
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(family);
    header.rtm_dst_len = static_cast<unsigned char>(to ? to->bytes().size() * 8 : 0);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header.rtm_type = RTN_UNICAST;
    NetlinkMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
    if (to)
        message.add(RTA_DST, to->bytes());
    message.add_u32(RTA_OIF, device);
    return message;
}

}  // namespace

void make_venet(const std::string& link, FdRef network_namespace) {
    NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header());
    add_end(message, link);
    const std::size_t info = message.open(IFLA_LINKINFO);
    message.add(IFLA_INFO_KIND, "veth");
    const std::size_t data = message.open(IFLA_INFO_DATA), peer = message.open(VETH_INFO_PEER);
    const ifinfomsg header = link_header();
    message.put(&header, sizeof header);
    add_end(message, kInside);
    message.add_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get()));
    message.close(peer);
    message.close(data);
    message.close(info);
    require(NetlinkSocket(NETLINK_ROUTE).ask(message), "make the link", link);
}

void configure_venet(FdRef network_namespace, const std::vector<IpAddress>& addresses) {
    const NetlinkSocket socket(NETLINK_ROUTE, network_namespace);
    set_up(socket, kInside);
    const std::uint32_t index = find_index(socket, kInside);
    for (const IpAddress& address : addresses) {
        ifaddrmsg header{};
        header.ifa_family = static_cast<unsigned char>(address.family);
        header.ifa_prefixlen = static_cast<unsigned char>(address.prefix);
        header.ifa_flags = IFA_F_PERMANENT;
        header.ifa_index = index;
        NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
        message.add(IFA_LOCAL, address.bytes()).add(IFA_ADDRESS, address.bytes());
        require(socket.ask(message), "set in the VPS the address", address.to_string());
    }
    for (const int family : {AF_INET, AF_INET6})
        if (std::any_of(addresses.begin(), addresses.end(),
                        [&](const IpAddress& address) { return address.family == family; }))
            require(socket.ask(make_route(family, index, nullptr)), "set the default route of",
                    kInside);
}

void route_to_venet(const std::string& link, const std::vector<IpAddress>& addresses) {
    const NetlinkSocket socket(NETLINK_ROUTE);
    set_up(socket, link);
    const std::uint32_t index = find_index(socket, link);
    for (const IpAddress& address : addresses) {
        const NetlinkReply reply = socket.ask(make_route(address.family, index, &address));
        if (reply.error == EEXIST)
            throw Error(ExitCode::IpInUse, "the host has a route to " + address.to_string() +
                                               " already (ip route show " + address.to_string() +
                                               ")");
        require(reply, "route to " + link + " the address", address.to_string());
    }
}

void remove_link(const std::string& link) {
    NetlinkMessage message(RTM_DELLINK, 0, link_header());
    message.add_name(IFLA_IFNAME, link);
    const NetlinkReply reply = NetlinkSocket(NETLINK_ROUTE).ask(message);
    if (reply.error != 0 && reply.error != ENODEV)
        throw SysError(reply.error, "remove the link", link);
}

}  // namespace vps

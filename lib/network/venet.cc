#include "network/venet.hh"

#include <linux/if_link.h>
#include <sys/socket.h>

#include <algorithm>

#include "network/forwarding.hh"
#include "network/links.hh"
#include "sys/error.hh"

namespace vps {

namespace {

void require(const NetlinkReply& reply, const std::string& verb, const std::string& object) {
    vps::require(reply, verb, object, ExitCode::CannotAddIp);
}

// Up, and with no IPv6 address of its own making: its neighbour would not take it for one.
void set_up(const RouteSocket& socket, const std::string& name) {
    make_no_link_local(socket, name);
    require(set_link_flags(socket, name, IFF_UP | IFF_NOARP), "set up", name);
}

// A route over the device itself, to an address or, without one, to everything.
NetlinkReply change_route(const RouteSocket& socket, std::uint16_t type, std::uint16_t flags,
                          int family, int device, const IpAddress* to) {
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(family);
    header.rtm_dst_len = static_cast<unsigned char>(to ? to->bytes().size() * 8 : 0);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = kRouteProtocol;
    header.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header.rtm_type = RTN_UNICAST;
    NetlinkRequest request(type, flags, header);
    if (to)
        mnl_attr_put(request, RTA_DST, to->bytes().size(), to->bytes().data());
    mnl_attr_put_u32(request, RTA_OIF, static_cast<std::uint32_t>(device));
    return socket.ask(request);
}

NetlinkReply add_route(const RouteSocket& socket, int family, int device, const IpAddress* to) {
    return change_route(socket, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, family, device, to);
}

NetlinkReply change_address(const RouteSocket& socket, std::uint16_t type, std::uint16_t flags,
                            int device, const IpAddress& address) {
    ifaddrmsg header{};
    header.ifa_family = static_cast<unsigned char>(address.family);
    header.ifa_prefixlen = static_cast<unsigned char>(address.prefix);
    header.ifa_flags = IFA_F_PERMANENT;
    header.ifa_index = static_cast<unsigned>(device);
    NetlinkRequest request(type, flags, header);
    const std::string_view bytes = address.bytes();
    mnl_attr_put(request, IFA_LOCAL, bytes.size(), bytes.data());
    mnl_attr_put(request, IFA_ADDRESS, bytes.size(), bytes.data());
    return socket.ask(request);
}

NetlinkReply add_address(const RouteSocket& socket, int device, const IpAddress& address) {
    return change_address(socket, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, device, address);
}

// One that the VPS has already is its own affair.
void set_default_route(const RouteSocket& socket, int family, int index) {
    if (const NetlinkReply reply = add_route(socket, family, index, nullptr); reply.error != EEXIST)
        require(reply, "set the default route of", kVenet);
}

bool has_family(const std::vector<IpAddress>& addresses, int family) {
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const IpAddress& address) { return address.family == family; });
}

}  // namespace

void make_venet(const std::string& link, FdRef network_namespace) {
    const NetlinkReply reply =
        make_veth_pair({link, kVenetAddress}, {kVenet, kVenetAddress}, network_namespace);
    if (reply.error == EEXIST)
        throw Error(ExitCode::CannotAddIp,
                    "there is a network device '" + link + "' on the host, or '" + kVenet +
                        "' in the VPS already: rename or remove the host's (ip link), or have the "
                        "VPS remove its own (a restart of the VPS does)");
    require(reply, "make the link", link);
}

void configure_venet(FdRef network_namespace, const std::vector<IpAddress>& addresses) {
    const RouteSocket socket(network_namespace);
    set_up(socket, kVenet);
    const int index = find_link_index(socket, kVenet, ExitCode::CannotAddIp);
    for (const IpAddress& address : addresses)
        require(add_address(socket, index, address), "set in the VPS the address",
                address.to_string());
    for (const int family : {AF_INET, AF_INET6})
        if (has_family(addresses, family))
            set_default_route(socket, family, index);
}

void change_venet(FdRef network_namespace, const std::vector<IpAddress>& gone,
                  const std::vector<IpAddress>& added) {
    const RouteSocket socket(network_namespace);
    if (added.empty() && !find_link(socket, kVenet))
        return;  // the VPS has removed or renamed it
    const int index = find_link_index(socket, kVenet, ExitCode::CannotAddIp);
    for (const IpAddress& address : gone)
        if (const NetlinkReply reply = change_address(socket, RTM_DELADDR, 0, index, address);
            reply.error != EADDRNOTAVAIL)
            require(reply, "take from the VPS the address", address.to_string());
    for (const IpAddress& address : added)
        if (const NetlinkReply reply = add_address(socket, index, address); reply.error != EEXIST)
            require(reply, "set in the VPS the address", address.to_string());
    for (const int family : {AF_INET, AF_INET6})
        if (has_family(added, family))
            set_default_route(socket, family, index);
}

void unroute_from_venet(const RouteSocket& socket, int index, const IpAddress& address) {
    const NetlinkReply reply =
        change_route(socket, RTM_DELROUTE, 0, address.family, index, &address);
    if (reply.error != ESRCH)
        require(reply, "remove the route to", address.to_string());
}

void route_to_venet(const RouteSocket& socket, const std::string& link, int index,
                    const IpAddress& address) {
    if (!renew_route(socket, link, index, address))
        throw Error(ExitCode::IpInUse, "the host has a route to " + address.to_string() +
                                           " already (ip route show " + address.to_string() + ")");
}

bool renew_route(const RouteSocket& socket, const std::string& link, int index,
                 const IpAddress& address) {
    const NetlinkReply reply = add_route(socket, address.family, index, &address);
    if (reply.error == EEXIST)
        return false;
    if (reply.error != 0)
        refuse_address(reply.error, "route to " + link + " the address", address, link);
    return true;
}

bool is_routed_to(const RouteSocket& socket, const IpAddress& address, int index) {
    return static_cast<int>(find_way(socket, address).device) == index;
}

}  // namespace vps

#include "network/advice.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "network/netlink.hh"
#include "sys/error.hh"

namespace vps {

namespace {

// IFAPROT_KERNEL_RA and IFAPROT_KERNEL_LL of Linux 5.18.
constexpr unsigned char kAdvisedByRa = 2, kLinkLocal = 3;
constexpr unsigned char kNobody = 0;
constexpr unsigned short kOriginator = 11;  // IFA_PROTO, which older headers lack

struct Address {
    std::string bytes;
    unsigned char prefix = 0;
    unsigned char maker = 0;
    [[nodiscard]] bool is_unwanted() const { return maker == kAdvisedByRa || maker == kLinkLocal; }
};

struct Route {
    std::string to, gateway;  // bytes; empty: everything, none
    unsigned metric = 0;
    unsigned char prefix = 0, protocol = 0;
};

std::string spell(std::string_view bytes, unsigned prefix) {
    in6_addr address{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), sizeof address), address.s6_addr);
    char text[INET6_ADDRSTRLEN] = {};
    (void)inet_ntop(AF_INET6, &address, text, sizeof text);
    return fmt::format("{}/{}", text, prefix);
}

// Fills `items` by `see`, which adds to them what a message says.
template <typename Header, typename Item, typename See>
void list(const RouteSocket& socket, std::uint16_t type, const Header& header, int index,
          std::vector<Item>& items, See see) {
    const int error = take_changing_list([&] {
        items.clear();
        NetlinkRequest request(type, NLM_F_DUMP, header);
        if (type == RTM_GETROUTE)
            mnl_attr_put_u32(request, RTA_OIF, static_cast<std::uint32_t>(index));
        return socket.ask_for_list(request, see);
    });
    if (error != 0 && error != ENODEV && error != ENOENT)
        throw SysError(error, "list what routers advised");
}

std::vector<Address> list_addresses(const RouteSocket& socket, int index) {
    std::vector<Address> addresses;
    ifaddrmsg wanted{};
    wanted.ifa_family = AF_INET6;
    wanted.ifa_index = static_cast<unsigned>(index);
    list(socket, RTM_GETADDR, wanted, index, addresses, [&](const nlmsghdr* message) {
        const auto header = header_of<ifaddrmsg>(message);
        if (message->nlmsg_type != RTM_NEWADDR || header.ifa_family != AF_INET6 ||
            header.ifa_index != wanted.ifa_index)
            return;
        const std::string_view attributes = attributes_of(message, sizeof header);
        const std::string_view from = find_attribute(attributes, kOriginator);
        addresses.push_back({std::string(find_attribute(attributes, IFA_ADDRESS)),
                             header.ifa_prefixlen,
                             from.size() == 1 ? static_cast<unsigned char>(from[0]) : kNobody});
    });
    return addresses;
}

std::vector<Route> list_routes(const RouteSocket& socket, int index) {
    std::vector<Route> routes;
    rtmsg wanted{};
    wanted.rtm_family = AF_INET6;
    wanted.rtm_table = RT_TABLE_MAIN;
    list(socket, RTM_GETROUTE, wanted, index, routes, [&](const nlmsghdr* message) {
        const auto header = header_of<rtmsg>(message);
        const std::string_view attributes = attributes_of(message, sizeof header);
        if (message->nlmsg_type != RTM_NEWROUTE || header.rtm_family != AF_INET6 ||
            header.rtm_table != RT_TABLE_MAIN ||
            number_of(find_attribute(attributes, RTA_OIF)) != static_cast<unsigned>(index))
            return;
        routes.push_back({.to = std::string(find_attribute(attributes, RTA_DST)),
                          .gateway = std::string(find_attribute(attributes, RTA_GATEWAY)),
                          .metric = number_of(find_attribute(attributes, RTA_PRIORITY)),
                          .prefix = header.rtm_dst_len,
                          .protocol = header.rtm_protocol});
    });
    return routes;
}

bool is_within(std::string_view address, const Route& route) {
    for (unsigned at = 0; at < route.prefix; at += 8) {
        const unsigned shift = route.prefix - at < 8 ? 8 - (route.prefix - at) : 0;
        const auto one = static_cast<unsigned char>(address[at / 8]),
                   other = static_cast<unsigned char>(route.to[at / 8]);
        if ((one ^ other) >> shift != 0)
            return false;
    }
    return true;
}

// The route to a network that a router called near has no address of that network beside it; the
// kernel has removed those of addresses with them.
bool is_advised(const Route& route, const std::vector<Address>& left) {
    if (route.protocol == RTPROT_RA)
        return true;
    return route.protocol == RTPROT_KERNEL && route.to.size() == sizeof(in6_addr) &&
           std::none_of(left.begin(), left.end(), [&](const Address& address) {
               return address.bytes.size() == sizeof(in6_addr) && is_within(address.bytes, route);
           });
}

void remove(const RouteSocket& socket, NetlinkRequest& request, const std::string& what) {
    const int error = socket.ask(request).error;
    if (error != 0 && error != ESRCH && error != EADDRNOTAVAIL && error != ENODEV)
        throw SysError(error, "remove", what);
}

void remove_address(const RouteSocket& socket, int index, const Address& address) {
    ifaddrmsg header{};
    header.ifa_family = AF_INET6;
    header.ifa_prefixlen = address.prefix;
    header.ifa_index = static_cast<unsigned>(index);
    NetlinkRequest request(RTM_DELADDR, 0, header);
    mnl_attr_put(request, IFA_ADDRESS, address.bytes.size(), address.bytes.data());
    remove(socket, request, spell(address.bytes, address.prefix));
}

void remove_route(const RouteSocket& socket, int index, const Route& route) {
    rtmsg header{};
    header.rtm_family = AF_INET6;
    header.rtm_dst_len = route.prefix;
    header.rtm_table = RT_TABLE_MAIN;
    NetlinkRequest request(RTM_DELROUTE, 0, header);
    if (!route.to.empty())
        mnl_attr_put(request, RTA_DST, route.to.size(), route.to.data());
    if (!route.gateway.empty())
        mnl_attr_put(request, RTA_GATEWAY, route.gateway.size(), route.gateway.data());
    mnl_attr_put_u32(request, RTA_OIF, static_cast<std::uint32_t>(index));
    mnl_attr_put_u32(request, RTA_PRIORITY, route.metric);
    remove(socket, request, spell(route.to, route.prefix));
}

}  // namespace

std::vector<std::string> remove_advice(const std::string& link, int index, Upkeep upkeep) {
    std::vector<std::string> found;
    const RouteSocket lists, socket;
    lists.list_strictly();
    std::vector<Address> addresses = list_addresses(lists, index);
    for (const Address& address : addresses) {
        if (!address.is_unwanted())
            continue;
        found.push_back(fmt::format("{} has {} address {}", link,
                                    address.maker == kLinkLocal ? "a link-local" : "a router's",
                                    spell(address.bytes, address.prefix)));
        if (upkeep == Upkeep::Mend)
            remove_address(socket, index, address);
    }
    std::erase_if(addresses, [](const Address& address) { return address.is_unwanted(); });
    for (const Route& route : list_routes(lists, index)) {
        if (!is_advised(route, addresses))
            continue;
        found.push_back(
            fmt::format("{} has a router's route {}", link, spell(route.to, route.prefix)));
        if (upkeep == Upkeep::Mend)
            remove_route(socket, index, route);
    }
    return found;
}

}  // namespace vps

#include "network/host_ways.hh"

#include <fmt/format.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <tuple>

#include "network/links.hh"
#include "network/network_record.hh"
#include "network/venet.hh"
#include "sys/error.hh"

namespace vps {

namespace {

std::string name_of(unsigned device) {
    char name[IF_NAMESIZE];
    return device != 0 && if_indextoname(device, name) ? name : "";
}

// The device that the route leads to; a route of several ways at once counts by its first.
unsigned device_of(std::string_view attributes) {
    if (const unsigned device = number_of(find_attribute(attributes, RTA_OIF)); device != 0)
        return device;
    rtnexthop first{};
    const std::string_view all = find_attribute(attributes, RTA_MULTIPATH);
    if (all.size() >= sizeof first)
        std::memcpy(&first, all.data(), sizeof first);
    return static_cast<unsigned>(first.rtnh_ifindex);
}

bool starts_alike(const std::array<std::uint8_t, 16>& one, std::string_view other, unsigned bits) {
    for (unsigned at = 0; at < bits; at += 8) {
        const unsigned shift = bits - at < 8 ? 8 - (bits - at) : 0;
        const auto byte = static_cast<std::uint8_t>(other[at / 8]);
        if ((one[at / 8] ^ byte) >> shift != 0)
            return false;
    }
    return true;
}

}  // namespace

bool is_of_a_vps(const std::string& name) {
    const std::optional<Veid> owner = find_claim(link_claim(name));
    return owner && access(network_record_path(*owner).c_str(), F_OK) == 0;
}

const std::vector<HostWays::Route>& HostWays::routes_of(int family) {
    if (const auto known = routes_.find(family); known != routes_.end())
        return known->second;
    std::vector<Route> routes;
    const auto see = [&](const nlmsghdr* message) {
        rtmsg header{};
        const std::size_t size = mnl_nlmsg_get_payload_len(message);
        if (message->nlmsg_type != RTM_NEWROUTE || size < sizeof header)
            return;
        std::memcpy(&header, mnl_nlmsg_get_payload(message), sizeof header);
        const bool counts =
            header.rtm_table == RT_TABLE_MAIN || header.rtm_table == RT_TABLE_DEFAULT;
        if (!counts || header.rtm_protocol == kRouteProtocol ||
            (header.rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD)))
            return;
        const std::string_view attributes(
            static_cast<const char*>(mnl_nlmsg_get_payload(message)) + MNL_ALIGN(sizeof header),
            size - MNL_ALIGN(sizeof header));
        Route route{.prefix = header.rtm_dst_len,
                    .type = header.rtm_type,
                    .table = header.rtm_table,
                    .metric = number_of(find_attribute(attributes, RTA_PRIORITY)),
                    .device = device_of(attributes)};
        const std::string_view to = find_attribute(attributes, RTA_DST);
        std::copy_n(to.begin(), std::min(to.size(), route.to.size()), route.to.begin());
        routes.push_back(route);
    };
    const int error = take_changing_list([&] {
        routes.clear();
        rtmsg header{};
        header.rtm_family = static_cast<unsigned char>(family);
        NetlinkRequest request(RTM_GETROUTE, NLM_F_DUMP, header);
        return RouteSocket().ask_for_list(request, see);
    });
    if (error != 0)
        throw SysError(error, "list the routes of the host");
    return routes_[family] = std::move(routes);
}

std::string HostWays::find_next(const IpAddress& address) {
    const auto rank = [](const Route& route) {
        return std::tuple(route.table != RT_TABLE_MAIN, -int{route.prefix}, route.metric);
    };
    const Route* best = nullptr;
    for (const Route& route : routes_of(address.family))
        if (starts_alike(route.to, address.bytes(), route.prefix) &&
            (!best || rank(route) < rank(*best)))
            best = &route;
    return best && best->type == RTN_UNICAST ? name_of(best->device) : "";
}

std::string HostWays::find(const IpAddress& address) {
    const Way way = find_way(socket_, address);
    if (way.type == RTN_LOCAL)
        throw Error(ExitCode::IpInUse,
                    fmt::format("the address {} is the host's own", address.to_string()));
    if (way.type == RTN_BROADCAST)
        throw Error(
            ExitCode::BadIp,
            fmt::format("the address {} is the broadcast address of a network of the host's "
                        "(ip route show table local {})",
                        address.to_string(), address.to_string()));
    std::string name = way.type == RTN_UNICAST ? name_of(way.device) : "";
    if (!name.empty() && is_of_a_vps(name))
        name = find_next(address);
    return name.empty() || is_of_a_vps(name) ? "" : name;
}

}  // namespace vps

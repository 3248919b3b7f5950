#include "network/links.hh"

#include <linux/if_link.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "sys/error.hh"

namespace vps {

namespace {

void put_end(NetlinkRequest& request, const LinkEnd& end) {
    mnl_attr_put_strz(request, IFLA_IFNAME, end.name.c_str());
    mnl_attr_put(request, IFLA_ADDRESS, end.mac.bytes().size(), end.mac.bytes().data());
}

}  // namespace

ifinfomsg link_header(unsigned set_flags, int index) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = index;
    header.ifi_flags = header.ifi_change = set_flags;
    return header;
}

void require(const NetlinkReply& reply, const std::string& verb, const std::string& object,
             ExitCode code) {
    if (reply.error != 0)
        throw SysError(reply.error, verb, object, code);
}

NetlinkReply make_veth_pair(const LinkEnd& outside, const LinkEnd& inside,
                            FdRef network_namespace) {
    NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header());
    put_end(request, outside);
    mnl_attr_put_u32(request, IFLA_GROUP, kLinkGroup);
    nlattr* const info = mnl_attr_nest_start(request, IFLA_LINKINFO);
    mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
    nlattr* const data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
    nlattr* const peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
    (void)mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));  // all zeroes
    put_end(request, inside);
    mnl_attr_put_u32(request, IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get()));
    mnl_attr_nest_end(request, peer);
    mnl_attr_nest_end(request, data);
    mnl_attr_nest_end(request, info);
    return RouteSocket().ask(request);
}

std::optional<LinkState> find_link(const RouteSocket& socket, const std::string& name) {
    NetlinkRequest request(RTM_GETLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    const NetlinkReply reply = socket.ask(request);
    if (reply.error == ENODEV)
        return std::nullopt;
    require(reply, "find the network device", name, ExitCode::System);
    const auto header = reply.header<ifinfomsg>();
    LinkState state{.index = header.ifi_index, .flags = header.ifi_flags};
    state.master = number_of(reply.attribute(sizeof header, IFLA_MASTER));
    state.mac = reply.attribute(sizeof header, IFLA_ADDRESS);
    return state;
}

NetlinkReply set_hardware_address(const RouteSocket& socket, const std::string& name,
                                  const MacAddress& mac) {
    NetlinkRequest request(RTM_NEWLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    mnl_attr_put(request, IFLA_ADDRESS, mac.bytes().size(), mac.bytes().data());
    return socket.ask(request);
}

// A kernel without IPv6 makes none anyway.
void make_no_link_local(const RouteSocket& socket, const std::string& name) {
    NetlinkRequest request(RTM_NEWLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    nlattr* const families = mnl_attr_nest_start(request, IFLA_AF_SPEC);
    nlattr* const v6 = mnl_attr_nest_start(request, AF_INET6);
    mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(request, v6);
    mnl_attr_nest_end(request, families);
    (void)socket.ask(request);
}

Way find_way(const RouteSocket& socket, const IpAddress& address) {
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(address.family);
    header.rtm_dst_len = static_cast<unsigned char>(address.bytes().size() * 8);
    NetlinkRequest request(RTM_GETROUTE, 0, header);
    mnl_attr_put(request, RTA_DST, address.bytes().size(), address.bytes().data());
    const NetlinkReply reply = socket.ask(request);
    if (reply.error != 0)
        return {};
    return {reply.header<rtmsg>().rtm_type, number_of(reply.attribute(sizeof header, RTA_OIF))};
}

NetlinkReply rename_link(const RouteSocket& socket, int index, const std::string& name) {
    const auto rename = [&] {
        NetlinkRequest request(RTM_NEWLINK, 0, link_header(0, index));
        mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
        return socket.ask(request);
    };
    NetlinkReply reply = rename();
    if (reply.error != EBUSY)
        return reply;
    ifinfomsg down = link_header(0, index);
    down.ifi_change = IFF_UP;
    NetlinkRequest request(RTM_NEWLINK, 0, down);
    (void)socket.ask(request);
    return rename();
}

void join_bridge(const RouteSocket& socket, const std::string& name, const std::string& bridge) {
    const unsigned index = if_nametoindex(bridge.c_str());
    if (index == 0)
        throw SysError(ENODEV, "add " + name + " to the bridge", bridge, ExitCode::VethFailed);
    NetlinkRequest request(RTM_NEWLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    mnl_attr_put_u32(request, IFLA_MASTER, index);
    require(socket.ask(request), "add " + name + " to the bridge", bridge, ExitCode::VethFailed);
}

NetlinkReply set_link_flags(const RouteSocket& socket, const std::string& name, unsigned flags) {
    NetlinkRequest request(RTM_NEWLINK, 0, link_header(flags));
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    return socket.ask(request);
}

int find_link_index(const RouteSocket& socket, const std::string& name, ExitCode code) {
    NetlinkRequest request(RTM_GETLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    const NetlinkReply reply = socket.ask(request);
    require(reply, "find the network device", name, code);
    return reply.header<ifinfomsg>().ifi_index;
}

void remove_link(const std::string& name) {
    NetlinkRequest request(RTM_DELLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    const NetlinkReply reply = RouteSocket().ask(request);
    if (reply.error != ENODEV)
        require(reply, "remove the link", name, ExitCode::System);
}

}  // namespace vps

#include "network/neighbours.hh"

#include <fmt/format.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "network/forwarding.hh"
#include "network/netlink.hh"
#include "network/sysctl.hh"
#include "sys/error.hh"

namespace vps {

namespace {

void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
}

// The devices that are up and speak ARP, without the links of VPSes.
std::vector<std::string> find_all_devices() {
    std::vector<std::string> names;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct if_nameindex* const all = if_nameindex();
    for (const struct if_nameindex* at = all; at && at->if_index != 0; ++at) {
        ifreq request{};
        std::strncpy(request.ifr_name, at->if_name, IFNAMSIZ - 1);
        if (ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) &&
            !(request.ifr_flags & (IFF_NOARP | IFF_LOOPBACK)) && !is_of_a_vps(at->if_name))
            names.emplace_back(at->if_name);
    }
    if_freenameindex(all);
    return names;
}

NetlinkReply ask_for_proxy(std::uint16_t type, unsigned flags, const IpAddress& address,
                           unsigned device) {
    ndmsg header{};
    header.ndm_family = static_cast<unsigned char>(address.family);
    header.ndm_ifindex = static_cast<int>(device);
    if (type != RTM_GETNEIGH)  // which takes none
        header.ndm_state = NUD_PERMANENT;
    header.ndm_flags = NTF_PROXY;
    NetlinkRequest request(type, flags, header);
    mnl_attr_put(request, NDA_DST, address.bytes().size(), address.bytes().data());
    return RouteSocket().ask(request);
}

}  // namespace

std::vector<std::string> find_neighbour_devices(const NeighbourDevices& choice,
                                                const std::vector<IpAddress>& addresses,
                                                HostWays& ways) {
    std::vector<std::string> names;
    for (const IpAddress& address : addresses) {
        const std::string way = ways.find(address);
        if (choice.kind == NeighbourDevices::Kind::Detect && !way.empty())
            add_once(names, way);
    }
    if (choice.kind == NeighbourDevices::Kind::All)
        return find_all_devices();
    for (const std::string& name : choice.list)
        if (if_nametoindex(name.c_str()) != 0)
            add_once(names, name);
    return names;
}

void answer_for(const IpAddress& address, const std::string& device) {
    const NetlinkReply reply = ask_for_proxy(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, address,
                                             if_nametoindex(device.c_str()));
    if (reply.error != 0)
        refuse_address(reply.error, fmt::format("answer on {} for", device), address, device);
    if (address.family == AF_INET6)
        (void)set_sysctl(proxy_ndp_of(device), "1");
}

bool answers_for(const IpAddress& address, const std::string& device) {
    const NetlinkReply reply =
        ask_for_proxy(RTM_GETNEIGH, 0, address, if_nametoindex(device.c_str()));
    if (reply.error != 0 && reply.error != ENOENT)
        throw SysError(reply.error, fmt::format("see who answers on {} for", device),
                       address.to_string());
    return reply.error == 0;
}

std::string proxy_ndp_of(const std::string& device) {
    return "net/ipv6/conf/" + device + "/proxy_ndp";
}

void stop_answering_for(const IpAddress& address, const std::string& device) {
    const unsigned index = if_nametoindex(device.c_str());
    if (index == 0)
        return;
    const NetlinkReply reply = ask_for_proxy(RTM_DELNEIGH, 0, address, index);
    if (reply.error != 0 && reply.error != ENOENT)
        throw SysError(reply.error, fmt::format("stop answering on {} for", device),
                       address.to_string());
}

}  // namespace vps

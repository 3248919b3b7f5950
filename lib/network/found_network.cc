#include "network/found_network.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "network/host_claims.hh"
#include "network/links.hh"
#include "network/netlink.hh"
#include "network/network_record.hh"
#include "network/record_claims.hh"
#include "network/venet.hh"
#include "network/veth.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// Collects into `found` what `read` makes of each message.
template <typename Item, typename Header>
std::vector<Item> list(std::uint16_t type, const Header& header,
                       const std::function<std::optional<Item>(const nlmsghdr*)>& read) {
    std::vector<Item> found;
    const int error = take_changing_list([&] {
        found.clear();
        NetlinkRequest request(type, NLM_F_DUMP, header);
        return RouteSocket().ask_for_list(request, [&](const nlmsghdr* message) {
            if (std::optional<Item> item = read(message))
                found.push_back(std::move(*item));
        });
    });
    if (error != 0)
        throw SysError(error, "look for the network of the VPS");
    return found;
}

// The number that the host's network namespace has for the other one; none of its links leads there
// where there is none.
std::optional<unsigned> find_number(FdRef network_namespace) {
    NetlinkRequest request(RTM_GETNSID, 0, rtgenmsg{});
    mnl_attr_put_u32(request, NETNSA_FD, static_cast<std::uint32_t>(network_namespace.get()));
    const NetlinkReply reply = RouteSocket().ask(request);
    require(reply, "find", "the VPS's network namespace", ExitCode::System);
    const std::string_view number = reply.attribute(sizeof(rtgenmsg), NETNSA_NSID);
    const unsigned none = static_cast<unsigned>(NETNSA_NSID_NOT_ASSIGNED);
    if (number.size() != sizeof none || number_of(number) == none)
        return std::nullopt;
    return number_of(number);
}

struct FoundLink {
    std::string name;
    int index = 0;
    unsigned master = 0;
};

std::vector<FoundLink> find_links_to(unsigned network_namespace) {
    return list<FoundLink>(
        RTM_GETLINK, link_header(), [&](const nlmsghdr* message) -> std::optional<FoundLink> {
            const auto header = header_of<ifinfomsg>(message);
            const std::string_view attributes = attributes_of(message, sizeof header);
            const std::string_view other_end = find_attribute(attributes, IFLA_LINK_NETNSID);
            if (message->nlmsg_type != RTM_NEWLINK || other_end.empty() ||
                number_of(other_end) != network_namespace ||
                number_of(find_attribute(attributes, IFLA_GROUP)) != kLinkGroup)
                return std::nullopt;
            return FoundLink{text_of(find_attribute(attributes, IFLA_IFNAME)), header.ifi_index,
                             number_of(find_attribute(attributes, IFLA_MASTER))};
        });
}

IpAddress address_of(int family, std::string_view bytes) {
    IpAddress address;
    address.family = family;
    std::copy_n(bytes.begin(), std::min(bytes.size(), address.raw.size()), address.raw.begin());
    return address;
}

std::vector<std::string> find_addresses_on(int index) {
    std::vector<std::string> addresses;
    for (const int family : {AF_INET, AF_INET6}) {
        rtmsg wanted{};
        wanted.rtm_family = static_cast<unsigned char>(family);
        const auto read = [&](const nlmsghdr* message) -> std::optional<std::string> {
            const auto header = header_of<rtmsg>(message);
            const std::string_view attributes = attributes_of(message, sizeof header);
            if (header.rtm_family != family || header.rtm_protocol != kRouteProtocol ||
                number_of(find_attribute(attributes, RTA_OIF)) != static_cast<unsigned>(index))
                return std::nullopt;
            return address_of(family, find_attribute(attributes, RTA_DST)).to_string();
        };
        for (std::string& address : list<std::string>(RTM_GETROUTE, wanted, read))
            addresses.push_back(std::move(address));
    }
    return addresses;
}

// The devices of the host that answer for one of the addresses.
std::vector<std::string> find_answering_devices(const std::vector<std::string>& addresses) {
    const std::set<std::string> ours(addresses.begin(), addresses.end());
    std::set<std::string> devices;
    for (const int family : {AF_INET, AF_INET6}) {
        ndmsg wanted{};
        wanted.ndm_family = static_cast<unsigned char>(family);
        wanted.ndm_flags = NTF_PROXY;
        const auto read = [&](const nlmsghdr* message) -> std::optional<std::string> {
            const auto header = header_of<ndmsg>(message);
            const std::string_view to =
                find_attribute(attributes_of(message, sizeof header), NDA_DST);
            char name[IF_NAMESIZE];
            if (header.ndm_family != family || !(header.ndm_flags & NTF_PROXY) ||
                ours.count(address_of(family, to).to_string()) == 0 ||
                !if_indextoname(static_cast<unsigned>(header.ndm_ifindex), name))
                return std::nullopt;
            return name;
        };
        for (std::string& device : list<std::string>(RTM_GETNEIGH, wanted, read))
            devices.insert(std::move(device));
    }
    return {devices.begin(), devices.end()};
}

void add_venet(const FoundLink& found, const NetworkSpec& spec, NetworkRecord& record) {
    record.links.insert(record.links.begin(),
                        {.name = found.name, .is_venet = true, .index = found.index});
    record.addresses = find_addresses_on(found.index);
    record.neighbour_devices = find_answering_devices(record.addresses);
    record.choice = spec.neighbour_devices;
}

void add_device(Veid veid, const FoundLink& found, const NetworkSpec& spec, NetworkRecord& record) {
    const auto veth = std::find_if(spec.veths.begin(), spec.veths.end(), [&](const VethSpec& one) {
        return one.host_ifname == found.name;
    });
    if (veth == spec.veths.end())  // of a NETIF of before
        record.links.push_back({.name = found.name});
    else
        add_veth(veid, *veth, record);
    RecordedLink& link = record.links.back();
    link.index = found.index;
    link.bridge = find_bridge_of(found.master);
    link.answers = found.master == 0 && (veth == spec.veths.end() || veth->bridge.empty());
}

}  // namespace

void find_network_again(const NetworkSpec& spec, pid_t init, Veid veid, const Log& log) {
    if (read_network_record(veid))
        return;
    const Fd inside = sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY);
    const std::optional<unsigned> number = find_number(inside);
    const std::vector<FoundLink> links = number ? find_links_to(*number) : std::vector<FoundLink>();
    if (links.empty())
        return;
    const HostClaims claims;
    NetworkRecord record;
    for (const FoundLink& link : links)
        if (link.name == venet_name(veid))
            add_venet(link, spec, record);
        else
            add_device(veid, link, spec, record);
    write_network_record(veid, record);
    set_claims(veid, record);
    mark_whole(veid);
    log.say(
        Level::Warning,
        fmt::format("'{}' is lost; the network of the VPS, {} links and {} addresses, was found "
                    "on the host",
                    network_record_path(veid), record.links.size(), record.addresses.size()));
}

}  // namespace vps

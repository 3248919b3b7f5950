#include "network/moved_devices.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "network/links.hh"
#include "network/network_record.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr int kIndexOffset = 1'000'000;  // no index that the kernel gives in a new namespace

std::string namespace_path(Veid veid) {
    return fmt::format("{}/{}/netns", kRunDir, veid.to_string());
}

std::string holder_of(Veid veid, const std::string& device) {
    for (const auto& [other, record] : read_records_of_others(veid))
        for (const MovedDevice& moved : record.devices)
            if (moved.name == device)
                return fmt::format("VPS {} has it", other.to_string());
    return "the host has none of that name (ip link)";
}

// An empty descriptor where nothing keeps it.
Fd find_kept_namespace(Veid veid) {
    Fd kept(open(namespace_path(veid).c_str(), O_RDONLY | O_CLOEXEC));
    struct statfs system {};
    const bool is_one = kept && fstatfs(kept.get(), &system) == 0 && system.f_type == NSFS_MAGIC;
    return is_one ? std::move(kept) : Fd();
}

void keep_namespace(Veid veid, FdRef network_namespace) {
    const std::string path = namespace_path(veid);
    if (find_kept_namespace(veid))
        return;
    (void)sys::open(path, O_RDONLY | O_CREAT, 0600);
    const std::string source = fmt::format("/proc/self/fd/{}", network_namespace.get());
    if (mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) < 0)
        throw SysError(errno, "mount the network namespace on", path, ExitCode::NetdevFailed);
}

NetlinkReply move_link(const RouteSocket& socket, int index, int new_index, const std::string& name,
                       FdRef network_namespace) {
    NetlinkRequest request(RTM_NEWLINK, 0, link_header(0, index));
    mnl_attr_put_u32(request, IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get()));
    mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
    if (new_index != 0)
        mnl_attr_put_u32(request, IFLA_NEW_IFINDEX, static_cast<std::uint32_t>(new_index));
    return socket.ask(request);
}

NetlinkReply ask_for_link(const RouteSocket& socket, int index) {
    NetlinkRequest request(RTM_GETLINK, 0, link_header(0, index));
    return socket.ask(request);
}

std::vector<std::string> read_altnames(const NetlinkReply& reply) {
    std::vector<std::string> names;
    for_each_attribute(reply.attribute(sizeof(ifinfomsg), IFLA_PROP_LIST),
                       [&](int kind, std::string_view bytes) {
                           if (kind == IFLA_ALT_IFNAME)
                               names.push_back(text_of(bytes));
                       });
    return names;
}

// Why the device is nobody's to be given; nothing for any other.
std::optional<std::string> find_hindrance(const NetlinkReply& link) {
    const auto attribute = [&](int kind) { return link.attribute(sizeof(ifinfomsg), kind); };
    if (number_of(attribute(IFLA_GROUP)) == kLinkGroup)
        return "it is the host's end of a VPS's link";
    if (text_of(find_attribute(attribute(IFLA_LINKINFO), IFLA_INFO_KIND)) == "bridge")
        return "it is a bridge, which the kernel moves nowhere; a NETIF with bridge= makes the VPS "
               "a "
               "port of it";
    return std::nullopt;
}

DeviceState read_state(const RouteSocket& socket, int index, const std::string& name) {
    const NetlinkReply reply = ask_for_link(socket, index);
    require(reply, "look at the network device", name, ExitCode::NetdevFailed);
    if (const auto hindrance = find_hindrance(reply))
        throw Error(
            ExitCode::NetdevFailed,
            fmt::format("the network device '{}' (NETDEV) cannot be had: {}", name, *hindrance));
    const auto attribute = [&](int kind) { return reply.attribute(sizeof(ifinfomsg), kind); };
    return {.mac = std::string(attribute(IFLA_ADDRESS)),
            .alias = text_of(attribute(IFLA_IFALIAS)),
            .altnames = read_altnames(reply),
            .mtu = number_of(attribute(IFLA_MTU)),
            .flags = reply.header<ifinfomsg>().ifi_flags,
            .queue_length = number_of(attribute(IFLA_TXQLEN))};
}

int change_altname(const RouteSocket& socket, std::uint16_t type, int index,
                   const std::string& name) {
    NetlinkRequest request(type, type == RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL : 0,
                           link_header(0, index));
    nlattr* const list = mnl_attr_nest_start(request, IFLA_PROP_LIST);
    mnl_attr_put_strz(request, IFLA_ALT_IFNAME, name.c_str());
    mnl_attr_nest_end(request, list);
    return socket.ask(request).error;
}

// One that the host has, too, would keep the device from coming back. Those that it was given with
// are given to it again.
void remove_altnames(const RouteSocket& inside, int index) {
    for (const std::string& name : read_altnames(ask_for_link(inside, index)))
        (void)change_altname(inside, RTM_DELLINKPROP, index, name);
}

// Returns the first error; the rest is done all the same.
int restore_state(const RouteSocket& host, int index, const DeviceState& was) {
    int first = 0;
    const auto change = [&](const auto& put, unsigned flags = 0, unsigned changed = 0) {
        ifinfomsg header = link_header(0, index);
        header.ifi_flags = flags;
        header.ifi_change = changed;
        NetlinkRequest request(RTM_NEWLINK, 0, header);
        put(request);
        const int error = host.ask(request).error;
        first = first == 0 ? error : first;
    };
    const NetlinkReply reply = ask_for_link(host, index);
    const auto now = [&](int kind) { return reply.attribute(sizeof(ifinfomsg), kind); };
    if (!was.mac.empty() && now(IFLA_ADDRESS) != was.mac)
        change([&](NetlinkRequest& request) {
            mnl_attr_put(request, IFLA_ADDRESS, was.mac.size(), was.mac.data());
        });
    if (was.mtu != 0 && number_of(now(IFLA_MTU)) != was.mtu)
        change([&](NetlinkRequest& request) { mnl_attr_put_u32(request, IFLA_MTU, was.mtu); });
    if (number_of(now(IFLA_TXQLEN)) != was.queue_length)
        change([&](NetlinkRequest& request) {
            mnl_attr_put_u32(request, IFLA_TXQLEN, was.queue_length);
        });
    if (text_of(now(IFLA_IFALIAS)) != was.alias)
        change([&](NetlinkRequest& request) {
            mnl_attr_put(request, IFLA_IFALIAS, was.alias.size(), was.alias.data());
        });
    for (const std::string& name : was.altnames)
        (void)change_altname(host, RTM_NEWLINKPROP, index, name);  // another's by now
    constexpr unsigned kFlags =
        IFF_UP | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST | IFF_DEBUG;
    change([](NetlinkRequest&) {}, was.flags & kFlags, kFlags);
    return first;
}

// The error of the last try, or 0; ENODEV: it is not there.
int take_back(const RouteSocket& inside, const MovedDevice& device, FdRef host) {
    const int index = device.index + kIndexOffset;
    remove_altnames(inside, index);
    int index_here = device.index;
    int error = move_link(inside, index, device.index, device.name, host).error;
    if (error == EBUSY) {  // the index is another's by now
        error = move_link(inside, index, 0, device.name, host).error;
        index_here = static_cast<int>(if_nametoindex(device.name.c_str()));
    }
    if (error == EEXIST) {  // so is the name
        error = move_link(inside, index, 0, "netdev%d", host).error;
        index_here = index;
    }
    return error != 0 ? error : restore_state(RouteSocket(), index_here, device.was);
}

}  // namespace

std::vector<MovedDevice> find_devices_to_move(Veid veid, const std::vector<std::string>& names) {
    std::vector<MovedDevice> devices;
    for (const std::string& name : names) {
        const unsigned index = if_nametoindex(name.c_str());
        if (index == 0)
            throw Error(ExitCode::NetdevFailed,
                        fmt::format("the network device '{}' (NETDEV) cannot be had: {}", name,
                                    holder_of(veid, name)));
        const int number = static_cast<int>(index);
        devices.push_back({name, number, read_state(RouteSocket(), number, name)});
    }
    return devices;
}

void move_devices(Veid veid, const std::vector<MovedDevice>& devices, FdRef network_namespace) {
    if (devices.empty())
        return;
    keep_namespace(veid, network_namespace);
    const RouteSocket socket;
    for (const MovedDevice& device : devices)
        require(move_link(socket, device.index, device.index + kIndexOffset, device.name,
                          network_namespace),
                "move into the VPS the network device", device.name, ExitCode::NetdevFailed);
}

std::vector<MovedDevice> take_back_devices(Veid veid, const std::vector<MovedDevice>& devices) {
    const Fd inside = find_kept_namespace(veid);
    if (!inside)
        return {};  // none has been moved yet
    const Fd host = sys::open("/proc/self/ns/net", O_RDONLY);
    const RouteSocket socket(inside);
    std::vector<MovedDevice> missing;
    for (const MovedDevice& device : devices) {
        const int error = take_back(socket, device, host);
        if (error == ENODEV)
            missing.push_back(device);
        else if (error != 0)
            throw SysError(error, "take back the network device", device.name);
    }
    return missing;
}

void let_go_of_namespace(Veid veid) {
    const std::string path = namespace_path(veid);
    if (umount2(path.c_str(), UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        throw SysError(errno, "dismount", path);
    (void)sys::unlink_if_there(path);
}

}  // namespace vps

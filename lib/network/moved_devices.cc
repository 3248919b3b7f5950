#include "network/moved_devices.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

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

void keep_namespace(Veid veid, FdRef network_namespace) {
    const std::string path = namespace_path(veid);
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

// The error of the last try, or 0; ENODEV: it is not there.
int take_back(const RouteSocket& inside, const MovedDevice& device, FdRef host) {
    const int index = device.index + kIndexOffset;
    int error = move_link(inside, index, device.index, device.name, host).error;
    if (error == EBUSY)  // the index is another's by now
        error = move_link(inside, index, 0, device.name, host).error;
    if (error == EEXIST)  // so is the name
        error = move_link(inside, index, 0, "netdev%d", host).error;
    return error;
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
        devices.push_back({name, static_cast<int>(index)});
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

void take_back_devices(Veid veid, const std::vector<MovedDevice>& devices) {
    const Fd inside(open(namespace_path(veid).c_str(), O_RDONLY | O_CLOEXEC));
    struct statfs system {};
    if (!inside || fstatfs(inside.get(), &system) < 0 || system.f_type != NSFS_MAGIC)
        return;  // none has been moved yet
    const Fd host = sys::open("/proc/self/ns/net", O_RDONLY);
    const RouteSocket socket(inside);
    for (const MovedDevice& device : devices)
        if (const int error = take_back(socket, device, host); error != 0 && error != ENODEV)
            throw SysError(error, "take back the network device", device.name);
}

void let_go_of_namespace(Veid veid) {
    const std::string path = namespace_path(veid);
    if (umount2(path.c_str(), UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        throw SysError(errno, "dismount", path);
    if (unlink(path.c_str()) < 0 && errno != ENOENT)
        throw SysError(errno, "remove", path);
}

}  // namespace vps

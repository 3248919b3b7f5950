#include "context/live_devices.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <charconv>
#include <string>
#include <string_view>

#include "context/device_node.hh"
#include "context/vps_root.hh"
#include "context/vps_scope.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// The device of a word of DeviceAllow= that names one: "/dev/char/10:229".
std::optional<Device> parse_device(std::string_view word) {
    Device device;
    device.block = word.starts_with("/dev/block/");
    if (!device.block && !word.starts_with("/dev/char/"))
        return std::nullopt;
    word.remove_prefix(word.rfind('/') + 1);
    const std::size_t colon = word.find(':');
    if (colon == word.npos)
        return std::nullopt;
    unsigned minor = 0;
    const char* const end = word.data() + word.size();
    if (std::from_chars(word.data(), word.data() + colon, device.major).ptr !=
            word.data() + colon ||
        std::from_chars(word.data() + colon + 1, end, minor).ptr != end)
        return std::nullopt;
    device.minor = minor;
    return device;
}

// The kernel's name of the device below /dev; empty where it has none by now.
std::string find_name(const Device& device) {
    try {
        const std::string text =
            sys::read_file(fmt::format("/sys/dev/{}/{}:{}/uevent", device.block ? "block" : "char",
                                       device.major, *device.minor));
        constexpr std::string_view kField = "DEVNAME=";
        const std::size_t at = text.find(kField);
        if (at == text.npos)
            return {};
        const std::size_t begin = at + kField.size();
        return text.substr(begin, text.find('\n', begin) - begin);
    } catch (const SysError&) {
        return {};
    }
}

// Those that the VPS could use by its policy and may not any more, with the nodes that they had.
std::vector<Device> find_gone(const DevicePolicy& before, const DevicePolicy& now) {
    std::vector<Device> gone;
    for (const auto& [word, access] : before) {
        std::optional<Device> device = now.contains(word) ? std::nullopt : parse_device(word);
        if (!device || is_of_every_vps(*device))
            continue;
        device->node = find_name(*device);
        if (!device->node.empty())
            gone.push_back(*device);
    }
    return gone;
}

// The /dev of the VPS, if it can be the one that its start made: a tmpfs of the host's, whose owner
// is the VPS's root, and not the host's own /dev.
Fd find_dev(pid_t init, const UserIds& owner) {
    const Fd root = sys::open(fmt::format("/proc/{}/root", init), O_PATH | O_DIRECTORY);
    Fd dev(openat(root.get(), "dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct statfs system {};
    struct stat status {
    }, hosts{};
    if (!dev || fstatfs(dev.get(), &system) < 0 || system.f_type != TMPFS_MAGIC ||
        fstat(dev.get(), &status) < 0 || stat("/dev", &hosts) < 0)
        return {};
    const bool is_ours = status.st_uid == owner.first_uid && status.st_dev != hosts.st_dev;
    return is_ours ? std::move(dev) : Fd();
}

void make_node(FdRef dev, const Device& device, const UserIds& owner, const Log& log) {
    if (make_device_node(dev, device, owner) == NodeMade::NameTaken)
        log.say(Level::Warning,
                fmt::format("'/dev/{}' in the VPS is no node of the device; leaving it as it is",
                            device.node));
}

void change_nodes(FdRef dev, const std::vector<Device>& gone, const std::vector<Device>& devices,
                  const UserIds& owner, const Log& log) {
    for (const Device& device : gone)
        remove_device_node(dev, device);
    for (const Device& device : devices)
        if (!device.node.empty())
            attempt(log, [&] { make_node(dev, device, owner, log); });
}

}  // namespace

void change_devices(Veid veid, pid_t init, const std::vector<Device>& devices,
                    const std::optional<UserIds>& ids, const Log& log,
                    const SystemdPlaces& places) {
    const DevicePolicy now = device_policy(devices);
    const DevicePolicy before = change_device_policy(veid, now, places);
    const std::vector<Device> gone = find_gone(before, now);
    const UserIds owner = ids.value_or(UserIds{0, 0, false});
    if (const Fd dev = find_dev(init, owner))
        change_nodes(dev, gone, devices, owner, log);
    else
        log.say(Level::Warning,
                "its /dev is not the one that its start made; device nodes in it stay as they are");
}

}  // namespace vps

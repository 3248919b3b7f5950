#include "context/device.hh"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <string_view>

#include "config/config_value.hh"
#include "sys/error.hh"

namespace vps {

namespace {

Device find_node(const DeviceNode& node, const std::string& dev) {
    const std::string path = dev + "/" + node.name;
    struct stat file {};
    if (stat(path.c_str(), &file) < 0)
        throw SysError(errno, "find", path);
    if (!S_ISCHR(file.st_mode) && !S_ISBLK(file.st_mode))
        throw Error(ExitCode::BadValue, "'" + path + "' is no device");
    // A VPS's other users may touch no device that the host's other users may not touch.
    return {S_ISBLK(file.st_mode), major(file.st_rdev), minor(file.st_rdev),
            node.access,           node.name,           file.st_mode & 0666};
}

}  // namespace

std::vector<Device> find_devices(const VpsConfig& config, std::vector<ConfigProblem>& problems,
                                 const std::string& dev) {
    std::vector<Device> devices;
    const auto add = [&](std::string_view key, const DeviceNode& node) {
        try {
            devices.push_back(find_node(node, dev));
        } catch (const Error& error) {
            problems.push_back(
                {key, quote_for_message(node.name + ":" + node.access) + ": " + error.what()});
        }
    };
    for (const DeviceNode& node : config.device_nodes)
        add("DEVNODES", node);
    for (const DeviceRule& rule : config.device_rules)
        devices.push_back({rule.block, rule.major, rule.minor, rule.access, {}});
    if (config.features.ppp)
        add("FEATURES", {"ppp", "rw"});
    if (config.features.tun)
        add("FEATURES", {"net/tun", "rw"});
    if (config.features.fuse)
        add("FEATURES", {"fuse", "rw"});
    return devices;
}

}  // namespace vps

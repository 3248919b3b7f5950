#include "context/device.hh"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <charconv>
#include <string_view>

#include "sys/error.hh"

namespace vps {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

bool is_access(std::string_view text) {
    return !text.empty() && text.find_first_not_of("rwm") == std::string_view::npos;
}

std::optional<unsigned> to_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

// FEATURES that are devices; of the others, a stock kernel gives a VPS what its namespaces hold.
std::string_view node_of_feature(std::string_view feature) {
    if (feature == "ppp:on")
        return "ppp:rw";
    if (feature == "tun:on")
        return "net/tun:rw";
    if (feature == "fuse:on")
        return "fuse:rw";
    return {};
}

// "net/tun:rw"; vzctl knows q, too, for quota.
Device find_node(std::string_view word, const std::string& dev) {
    const std::vector<std::string_view> parts = split(word, ':');
    std::string access(parts.size() == 2 ? parts[1] : "");
    std::erase(access, 'q');
    const std::string name(parts[0]);
    if (!is_access(access) || name.empty() || name.front() == '/' ||
        ("/" + name + "/").find("/../") != std::string::npos)
        throw Error(ExitCode::BadValue, "is not like net/tun:rw");
    const std::string path = dev + "/" + name;
    struct stat file {};
    if (stat(path.c_str(), &file) < 0)
        throw SysError(errno, "find", path);
    if (!S_ISCHR(file.st_mode) && !S_ISBLK(file.st_mode))
        throw Error(ExitCode::BadValue, "'" + path + "' is no device");
    return {S_ISBLK(file.st_mode), major(file.st_rdev), minor(file.st_rdev), access, name};
}

// "c:10:200:rw", "b:8:all:r"
Device find_numbers(std::string_view word) {
    const std::vector<std::string_view> parts = split(word, ':');
    const std::optional<unsigned> major = parts.size() == 4 ? to_number(parts[1]) : std::nullopt;
    std::string access(major ? parts[3] : "");
    std::erase(access, 'q');
    if (!major || (parts[0] != "c" && parts[0] != "b") || !is_access(access) ||
        (parts[2] != "all" && !to_number(parts[2])))
        throw Error(ExitCode::BadValue, "is not like c:10:200:rw or b:8:all:r");
    return {parts[0] == "b", *major, to_number(parts[2]), access, {}};
}

}  // namespace

std::vector<Device> find_devices(const VpsConfig& config, std::vector<std::string>& problems,
                                 const std::string& dev) {
    std::vector<Device> devices;
    for (const Setting& setting : config.others) {
        const bool nodes = setting.key == "DEVNODES", numbers = setting.key == "DEVICES";
        if (!nodes && !numbers && setting.key != "FEATURES")
            continue;
        for (const std::string_view word : split(setting.value, ' ')) {
            if (word.empty() || word.ends_with(":none"))
                continue;
            try {
                if (nodes)
                    devices.push_back(find_node(word, dev));
                else if (numbers)
                    devices.push_back(find_numbers(word));
                else if (const std::string_view node = node_of_feature(word); !node.empty())
                    devices.push_back(find_node(node, dev));
            } catch (const Error& error) {
                problems.push_back(setting.key + ": '" + std::string(word) + "': " + error.what());
            }
        }
    }
    return devices;
}

}  // namespace vps

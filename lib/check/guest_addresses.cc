#include "check/guest_addresses.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr const char* kScripts = "/etc/sysconfig/network-scripts";
constexpr const char* kInterfaces = "/etc/network/interfaces";
constexpr std::string_view kDevice = "venet0";
constexpr std::size_t kMostFiles = 4096;

// "venet0", and an alias as "venet0:0".
bool is_venet(std::string_view device) {
    if (!device.starts_with(kDevice))
        return false;
    device.remove_prefix(kDevice.size());
    return device.empty() || (device.size() > 1 && device[0] == ':' &&
                              std::all_of(device.begin() + 1, device.end(),
                                          [](char c) { return c >= '0' && c <= '9'; }));
}

// Empty where there is no such file, or one that is no list of some addresses.
std::string read_if_small(FdRef root, const std::string& path) {
    const Fd file = find_guest_file(root, path);
    try {
        return file ? sys::read_all(file, path) : std::string();
    } catch (const Error&) {
        return {};
    }
}

class Collector {
  public:
    void add(const std::string& file, std::string_view text) {
        constexpr std::string_view kAround = "\"' \t\r";
        while (!text.empty() && kAround.find(text.front()) != kAround.npos)
            text.remove_prefix(1);
        text = text.substr(0, text.find_first_of(kAround));
        std::optional<IpAddress> address;
        try {
            address = IpAddress::parse(text);
        } catch (const Error&) {
            return;
        }
        if (address->family == AF_INET && address->raw[0] == 127)
            return;
        found_.push_back({file, *address});
    }
    std::vector<GuestAddress> take() { return std::move(found_); }

  private:
    std::vector<GuestAddress> found_;
};

// IPADDR="192.0.2.7", IPV6ADDR=2001:db8::7/128, IPV6ADDR_SECONDARIES="2001:db8::8/128 …"
void read_scripts(FdRef root, Collector& collector) {
    const Fd directory = sys::find_in_root(root, kScripts, O_PATH | O_DIRECTORY);
    if (!directory)
        return;
    std::vector<std::string> names;
    constexpr std::string_view kPrefix = "ifcfg-";
    Directory listed(sys::openat(directory, ".", O_RDONLY | O_DIRECTORY));
    while (const dirent* entry = listed.next())
        if (const std::string_view name = entry->d_name; name.starts_with(kPrefix) &&
                                                         is_venet(name.substr(kPrefix.size())) &&
                                                         names.size() < kMostFiles)
            names.emplace_back(name);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        const std::string path = fmt::format("{}/{}", kScripts, name);
        std::istringstream lines(read_if_small(root, path));
        for (std::string line; std::getline(lines, line);) {
            const std::size_t equals = line.find('=');
            const std::string_view key = std::string_view(line).substr(0, equals);
            if (equals == line.npos)
                continue;
            if (key == "IPADDR" || key == "IPV6ADDR")
                collector.add(path, std::string_view(line).substr(equals + 1));
            else if (key == "IPV6ADDR_SECONDARIES") {
                std::istringstream words(line.substr(equals + 1));
                for (std::string word; words >> word;)
                    collector.add(path, word);
            }
        }
    }
}

// Stanzas "iface venet0:0 inet static" with a line "address 192.0.2.7"; and lines of commands of
// the device's own, as "up ip addr add 2001:db8::7/128 dev venet0".
void read_interfaces(FdRef root, Collector& collector) {
    std::istringstream lines(read_if_small(root, kInterfaces));
    bool is_ours = false;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, second;
        words >> first >> second;
        if (first == "iface" || first == "auto" || first == "mapping" || first == "source")
            is_ours = first == "iface" && is_venet(second);
        else if (is_ours && first == "address")
            collector.add(kInterfaces, second);
    }
}

bool has_address(const VpsConfig& config, const IpAddress& wanted) {
    return std::any_of(config.addresses.begin(), config.addresses.end(),
                       [&](const IpAddress& address) {
                           return address.family == wanted.family && address.raw == wanted.raw;
                       });
}

}  // namespace

std::vector<GuestAddress> find_guest_addresses(FdRef root) {
    Collector collector;
    read_scripts(root, collector);
    read_interfaces(root, collector);
    return collector.take();
}

std::optional<std::string> explain_guest_addresses(FdRef root, const VpsConfig& config) {
    std::vector<GuestAddress> others;
    for (GuestAddress& found : find_guest_addresses(root))
        if (!has_address(config, found.address))
            others.push_back(std::move(found));
    if (others.empty())
        return std::nullopt;
    const std::string more =
        others.size() > 1 ? fmt::format(" (and {} more)", others.size() - 1) : std::string();
    return fmt::format(
        "its {} gives venet0 the address {}{}, which IP_ADDRESS does not have: the host drops "
        "packets from there; vzctl wrote that file anew at each start, here nobody does: change "
        "it, or IP_ADDRESS",
        others.front().file, others.front().address.to_string(), more);
}

}  // namespace vps

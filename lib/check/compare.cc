#include "check/compare.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "state/whole_way.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// A thing that one VPS at a time can have.
struct OwnThing {
    std::string_view key;
    std::string name;  // equal for two VPSes that want the same
    std::string text;
};

// Two VPSes cannot share such a thing: the second to start is refused.
void compare(Veid veid, const OwnThing& thing, Checked& checked, CheckedFile& file) {
    const auto [holder, is_new] = checked.taken.try_emplace(thing.name, veid);
    if (!is_new && holder->second != veid)
        file.findings.push_back(
            file.about(Grade::Warning, thing.key,
                       fmt::format("{} is VPS {}'s, too: only one of the two can run", thing.text,
                                   holder->second.to_string())));
}

// Directories are compared by what they are, so that links hide nothing.
void compare_directory(Veid veid, std::string_view key, const std::string& path,
                       const std::string& root, Checked& checked, CheckedFile& file) {
    const Fd dir =
        sys::find_in_root(sys::open(root + "/", O_PATH | O_DIRECTORY), path, O_PATH | O_DIRECTORY);
    struct stat status {};
    const std::string name = dir && fstat(dir.get(), &status) == 0
                                 ? fmt::format("{} {}-{}", key, status.st_dev, status.st_ino)
                                 : fmt::format("{} {}", key, path);
    compare(veid, {key, name, fmt::format("the directory '{}'", path)}, checked, file);
}

// The private areas and roots of two VPSes lie side by side. One directory that both have under one
// key has been told already.
void compare_places(Veid veid, std::string_view key, const std::string& path,
                    const std::string& root, Checked& checked, CheckedFile& file) {
    Place place(path, root);
    if (root.empty() && place.exists())
        place.add_way(find_way_above_mount(place.path()));
    for (const CheckedPlace& other : checked.places) {
        const bool below = place.is_in(other.place), above = other.place.is_in(place);
        if (other.veid == veid || (!below && !above) || (below && above && other.key == key))
            continue;
        file.findings.push_back(file.about(
            Grade::Warning, key,
            fmt::format("'{}' and {} '{}' of VPS {} lie in one another: one of the two VPSes would "
                        "have the other's files, so that only one of the two can run",
                        path, other.key, other.place.path(), other.veid.to_string())));
        break;
    }
    checked.places.push_back({veid, key, place});
}

// Ids are not shifted on disk. Told once for the private areas of one directory.
void judge_way(const VpsConfig& config, const std::string& root, Checked& checked,
               CheckedFile& file) {
    const Place area(*config.ve_private, root);
    if (!area.exists() || checked.host_places->has(area) || !is_open_to_users(area, root))
        return;
    const Place dir(area.path().substr(0, std::max<std::size_t>(area.path().rfind('/'), 1)), root);
    if (!checked.open_ways.insert(dir.path()).second)
        return;
    const std::string remedy =
        checked.host_places->has(dir)
            ? fmt::format("move it into a directory of mode 0700, such as '{}/vps'", dir.path())
            : fmt::format("chmod 0700 '{}' closes the way", dir.path());
    file.findings.push_back(file.about(
        Grade::Warning, "VE_PRIVATE",
        fmt::format("users of the host can pass to the private area '{}': a set-uid root program "
                    "that a VPS makes there runs as the host's root for them; {}",
                    area.path(), remedy)));
}

}  // namespace

void compare_network(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    const auto own = [&](std::string_view key, const std::string& text) {
        compare(veid, {key, text, text}, checked, file);
    };
    for (const IpAddress& address : network.addresses)
        own("IP_ADDRESS", fmt::format("the address {}", address.to_string()));
    for (const VethSpec& veth : network.veths) {
        own("NETIF", fmt::format("the network device '{}' of the host", veth.host_ifname));
        if (!veth.bridge.empty())
            own("NETIF", fmt::format("the hardware address {} on the bridge '{}'",
                                     veth.mac.to_string(), veth.bridge));
    }
    for (const std::string& device : network.devices)
        own("NETDEV", fmt::format("the network device '{}' of the host", device));
}

void compare_directories(Veid veid, const VpsConfig& config, const std::string& root,
                         Checked& checked, CheckedFile& file) {
    if (!checked.host_places)
        checked.host_places.emplace(root);
    for (const auto& [key, path] : {std::pair(std::string_view("VE_ROOT"), &config.ve_root),
                                    std::pair(std::string_view("VE_PRIVATE"), &config.ve_private)})
        if (*path) {
            compare_directory(veid, key, **path, root, checked, file);
            compare_places(veid, key, **path, root, checked, file);
        }
    if (config.ve_private && root.empty())  // the modes of a copy say nothing
        judge_way(config, root, checked, file);
}

}  // namespace vps

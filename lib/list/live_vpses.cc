#include "list/live_vpses.hh"

#include <fcntl.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

std::set<std::string, std::less<>> read_mount_points(const std::string& mountinfo) {
    std::set<std::string, std::less<>> points;
    for (MountEntry& mount : parse_mountinfo(sys::read_file(mountinfo, 256U << 20U)))
        points.insert(std::move(mount.target));
    return points;
}

}  // namespace

LiveVpses::LiveVpses(const ListPlaces& places)
    : places_(places), cgroups_(open(places.cgroups.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    for (const Veid veid : list_active(places.run))
        active_.insert(veid);
}

std::set<Veid> LiveVpses::list_slices() const {
    std::set<Veid> slices;
    std::error_code none;  // no slice yet: nothing runs
    for (const auto& entry : std::filesystem::directory_iterator(places_.cgroups, none)) {
        const std::string_view path = entry.path().native();
        if (const std::optional<Veid> veid = veid_of_slice(path.substr(path.rfind('/') + 1)))
            slices.insert(*veid);
    }
    return slices;
}

VpsCgroups LiveVpses::cgroups_of(Veid veid) const {
    const std::string slice = slice_unit(veid);
    return {cgroups_, slice, slice + "/" + scope_unit(veid)};
}

std::optional<Running> LiveVpses::find_running(Veid veid, const VpsCgroups& cgroups) const {
    const ScopeState scope = read_scope(cgroups);
    if (!scope.is_populated)
        return std::nullopt;
    const std::optional<VpsState> state = read_state_if_there(veid);
    if (state && state->phase != Phase::Running && state->phase != Phase::Stopping)
        return std::nullopt;
    if (state && state->init_pid != 0)
        return Running{state->init_start, scope.is_frozen};
    const FoundVps found = places_.find(veid);
    if (!found.init)
        return std::nullopt;
    return Running{found.state->init_start, scope.is_frozen};
}

std::optional<VpsState> LiveVpses::read_state_if_there(Veid veid) const {
    if (!active_.contains(veid))
        return std::nullopt;
    try {
        return read_state(veid, places_.run);
    } catch (const Error&) {
        return std::nullopt;  // one that cannot be read
    }
}

bool LiveVpses::is_mounted(const ListedVps& vps) const {
    std::call_once(mounts_read_, [&] { mount_points_ = read_mount_points(places_.mounts); });
    if (vps.config.ve_root && mount_points_.contains(*vps.config.ve_root))
        return true;
    const std::optional<VpsState> state = read_state_if_there(vps.veid);
    return state && mount_points_.contains(state->mount_point);
}

}  // namespace vps

#include "manage/destroy.hh"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hh"
#include "config/vps_list.hh"
#include "manage/area_lease.hh"
#include "manage/config_file.hh"
#include "manage/forget_vps.hh"
#include "manage/life_verbs.hh"
#include "manage/remove_tree.hh"
#include "manage/snapshot_area.hh"
#include "manage/vzctl_code.hh"
#include "script/action_script.hh"
#include "snapshot/copy_area.hh"
#include "snapshot/snapshot_store.hh"
#include "snapshot/subvolume.hh"
#include "state/place.hh"
#include "state/state.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRemoved = ".removed-";

[[noreturn]] void refuse(const std::string& why) {
    throw Complaint(vzctl_code::kCannotRemove, "Unable to destroy the container: " + why);
}

VpsConfig require_paths(Veid veid) {
    VpsConfig config = load_vps_config(veid);
    if (!config.ve_private)
        throw Complaint(ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    if (!config.ve_root)
        throw Complaint(ExitCode::NoVeRoot, "VE_ROOT is not set");
    return config;
}

// VE_PRIVATE=/vz/private, without the VEID, would be the areas of all VPSes.
void require_own_area(Veid veid, const std::string& area) {
    const std::string snapshots = snapshots_of(area);
    for (const Veid other : list_vpses("/etc/vz/conf")) {
        if (other == veid)
            continue;
        std::optional<std::string> theirs;
        try {
            theirs = load_vps_config(other).ve_private;
        } catch (const Error&) {
            continue;  // it has no area that anybody could tell
        }
        for (const std::string& removed : {area, snapshots})
            if (theirs && is_at_or_below(*theirs, removed))
                refuse(fmt::format("the private area '{}' of VPS {} is in '{}'", *theirs,
                                   other.to_string(), removed));
    }
}

void require_no_mounts(const std::string& area) {
    const std::string place = sys::realpath(area);
    for (const MountEntry& mount : read_mounts())
        if (is_at_or_below(mount.target, place))
            refuse(fmt::format("something is mounted on '{}'", mount.target));
}

// Held until the area is out of sight. Of a symbolic link only the link is removed.
Lease take_lease_to_remove(Veid veid, const std::string& area, const Talk& talk) {
    struct stat status {};
    if (lstat(area.c_str(), &status) < 0 || !S_ISDIR(status.st_mode))
        return {};
    return take_lease_to_change(veid, area, talk);
}

void remove_out_of_sight(const std::string& removed, const Talk& talk) {
    within({fmt::format("Unable to destroy the container, of which '{}' is left", removed),
            vzctl_code::kCannotRemove},
           [&] {
               if (is_subvolume(removed))
                   remove_copy(removed);
               else
                   remove_tree(removed, !talk.is_quiet());
           });
}

// What a destroy that was cut off has left beside the area: "101.removed-4711".
void remove_left_over(const std::string& area, const Talk& talk) {
    const fs::path path(area);
    const std::string begin = path.filename().string() + std::string(kRemoved);
    std::vector<std::string> found;
    std::error_code none;  // without the directory there is nothing
    for (const auto& entry : fs::directory_iterator(path.parent_path(), none)) {
        const std::string name = entry.path().filename();
        if (name.size() > begin.size() && name.starts_with(begin) &&
            name.find_first_not_of("0123456789", begin.size()) == name.npos)
            found.push_back(entry.path());
    }
    for (const std::string& removed : found) {
        require_no_mounts(removed);
        remove_out_of_sight(removed, talk);
    }
}

// Out of sight first: whatever ends us, no half of an area is left in its place.
void remove_area(const std::string& area, Lease lease, const Talk& talk) {
    struct stat status {};
    if (lstat(area.c_str(), &status) < 0) {
        if (errno == ENOENT)
            return;
        throw SysError(errno, "look at", area, vzctl_code::kCannotRemove);
    }
    if (S_ISLNK(status.st_mode)) {
        talk.warn(
            fmt::format("Warning: container private area {} is a symlink to {}; only the "
                        "link is removed",
                        area, sys::readlink(area)));
        (void)sys::unlink_if_there(area);
        return;
    }
    if (!S_ISDIR(status.st_mode))
        refuse(fmt::format("'{}' is no directory", area));
    if (HostPlaces().has(Place(area)))
        refuse(fmt::format(
            "VE_PRIVATE '{}' is or holds a directory that the host needs, and is no private area",
            area));
    require_no_mounts(area);
    const std::string removed = fmt::format("{}{}{}", area, kRemoved, getpid());
    if (rename(area.c_str(), removed.c_str()) < 0)
        throw SysError(errno, "rename", area, vzctl_code::kCannotRemove);
    lease.file.reset();  // a file that is open keeps NFS from removing its directory
    remove_out_of_sight(removed, talk);
}

// Snapshots lie beside the area, and in it with vzctl: they go with it in both.
void require_no_mounted_snapshot(Veid veid, const std::string& area) {
    const SnapshotList list = read_snapshots(area);
    if (list.snapshots.empty())
        return;
    const AreaKind kind =
        access(area.c_str(), F_OK) == 0 ? find_snapshot_area(veid).kind : AreaKind::Files;
    for (const Snapshot& snapshot : list.snapshots)
        for (const SnapshotMount& mount :
             find_snapshot_mounts(place_of_snapshot(area, snapshot.uuid), kind))
            refuse(fmt::format("snapshot {} is mounted on '{}'", snapshot.uuid, mount.target));
}

void destroy_snapshots(const std::string& area, const Talk& talk) {
    const std::size_t count = read_snapshots(area).snapshots.size();
    within({"Unable to destroy the snapshots", vzctl_code::kCannotRemove},
           [&] { remove_snapshots(area); });
    if (count > 0)
        talk.tell(fmt::format("{} snapshot{} destroyed", count, count > 1 ? "s were" : " was"));
}

void put_aside(const std::string& path) {
    if (rename(path.c_str(), (path + ".destroyed").c_str()) < 0 && errno != ENOENT)
        throw SysError(errno, "rename", path, vzctl_code::kCannotRemove);
}

}  // namespace

ExitCode destroy_verb(const Call& call) {
    const VpsConfig config = require_paths(call.veid);
    const VpsLock lock(call.veid);
    require_down(call.veid, config);
    require_own_area(call.veid, *config.ve_private);
    const std::string& area = *config.ve_private;
    // One that was begun while the VPS ran would write among what is removed, and leave a part.
    const Fd snapshots = lock_snapshots(area);
    require_no_mounted_snapshot(call.veid, area);
    Lease lease = take_lease_to_remove(call.veid, area, call.talk);
    call.talk.tell("Destroying container private area: " + area);
    remove_area(area, std::move(lease), call.talk);
    remove_left_over(area, call.talk);
    destroy_snapshots(area, call.talk);
    if (rmdir(config.ve_root->c_str()) < 0 && errno != ENOENT)
        call.talk.warn(fmt::format("Warning: failed to remove {}", *config.ve_root));
    for (const ScriptKind& kind : script::kAll)
        if (kind.scope == ScriptScope::One)
            put_aside("/etc/vz/conf/" + kind.name(call.veid));
    put_aside(config_path(call.veid));
    forget_vps(call.veid);
    call.talk.tell("Container private area was destroyed");
    return ExitCode::Ok;
}

}  // namespace vps

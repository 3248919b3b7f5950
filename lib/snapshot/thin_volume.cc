#include "snapshot/thin_volume.hh"

#include <fmt/format.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>

#include "snapshot/logical_volume.hh"
#include "snapshot/manager_program.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "systemd/device_unit.hh"

namespace vps {

namespace {

using Words = std::vector<std::string>;
using Volumes = std::vector<LogicalVolume>;

[[noreturn]] void fail(const std::string& why) {
    throw Error(ExitCode::System, why);
}

std::string run(const Words& words, FdRef held = FdRef(-1)) {
    static const ManagerProgram kLvm{.name = "lvm", .package = "lvm2"};
    return run_manager(kLvm, words, held);
}

Volumes list_volumes() {
    Words words = words_to_list_volumes();
    words.insert(words.begin(), "lvs");
    return parse_logical_volumes(run(words));
}

Volumes list_volumes_of(const std::string& group_id) {
    Volumes volumes = list_volumes();
    std::erase_if(volumes, [&](const LogicalVolume& one) { return one.group_id != group_id; });
    if (volumes.empty())
        fail(fmt::format("there is no volume group with the uuid {}, or nothing is in it",
                         group_id));
    return volumes;
}

template <typename Wanted>
const LogicalVolume* find_one(const Volumes& volumes, const Wanted& is_wanted) {
    const auto found = std::find_if(volumes.begin(), volumes.end(), is_wanted);
    return found == volumes.end() ? nullptr : &*found;
}

// What the administrator calls the area's volume, without the group: that may be called otherwise
// by now.
std::string name_of(const AreaVolume& area) {
    return area.name.substr(area.name.find('/') + 1);
}

const LogicalVolume* find_area(const Volumes& volumes, const AreaVolume& area) {
    return find_one(volumes, [&](const LogicalVolume& one) { return one.name == name_of(area); });
}

bool is_of_note(const LogicalVolume& volume, const VolumeNote& note) {
    return volume.has_tag(tag_of_note(note.uuid)) && is_name_of_note(volume.name, note.name);
}

// The note's volume; null where there is none. Two of them, or one that somebody has renamed, are
// nothing to be certain of.
const LogicalVolume* find_volume(const Volumes& volumes, const VolumeNote& note) {
    const LogicalVolume* found = nullptr;
    for (const LogicalVolume& volume : volumes) {
        if (is_of_note(volume, note) && found)
            fail(fmt::format("'{}' and '{}' both have the tag {}", found->full_name(),
                             volume.full_name(), tag_of_note(note.uuid)));
        if (is_of_note(volume, note))
            found = &volume;
    }
    if (found)
        return found;
    for (const LogicalVolume& volume : volumes)
        if (volume.has_tag(tag_of_note(note.uuid)) || volume.name == note.name)
            fail(
                fmt::format("'{}' may be the volume of this snapshot, but its name is not '{}', "
                            "or it has not the tag {}; rename it or remove it",
                            volume.full_name(), note.name, tag_of_note(note.uuid)));
    return nullptr;
}

LogicalVolume require_volume(const VolumeNote& note) {
    const Volumes volumes = list_volumes_of(note.group);
    const LogicalVolume* volume = find_volume(volumes, note);
    if (!volume)
        fail(fmt::format("its volume '{}' is not there", note.name));
    return *volume;
}

// Nothing of LVM's is asked: a list of snapshots has many.
bool is_shown(const MountEntry& mount, const VolumeNote& note) {
    const std::string device = fmt::format("/sys/dev/block/{}/dm/", mount.device);
    try {
        return parse_dm_uuid(sys::read_line(device + "uuid")).group == note.group &&
               is_dm_name_of_note(sys::read_line(device + "name"), note.name);
    } catch (const SysError&) {
        return false;  // another kind of device
    }
}

void activate(const LogicalVolume& volume, FdRef held) {
    run({"lvchange", "--activate", "y", "--ignoreactivationskip", volume.full_name()}, held);
    await_device(volume.dm_path, DeviceState::There);
}

void deactivate(const LogicalVolume& volume, FdRef held) {
    run({"lvchange", "--activate", "n", volume.full_name()}, held);
    await_device(volume.dm_path, DeviceState::Gone);
}

Words words_for_snapshot(const std::string& origin, const VolumeNote& note) {
    return {"lvcreate", "--snapshot", "--setactivationskip",  "y",     "--name",
            note.name,  "--addtag",   tag_of_note(note.uuid), "--yes", origin};
}

// Not seen by the host's boot, by the id of its file system neither.
void hide(const LogicalVolume& volume, const VolumeNote& note) {
    run({"lvchange", "--setactivationskip", "y", "--addtag", tag_of_note(note.uuid),
         volume.full_name()},
        note.lock);
}

void show(const LogicalVolume& volume, const VolumeNote& note) {
    run({"lvchange", "--setactivationskip", "n", "--deltag", tag_of_note(note.uuid),
         volume.full_name()},
        note.lock);
}

void rename(const LogicalVolume& volume, const std::string& name, FdRef held) {
    run({"lvrename", volume.group, volume.name, name}, held);
}

}  // namespace

std::optional<AreaVolume> ThinVolumes::find(const MountEntry& mount) const {
    LvmIds ids;
    try {
        ids = parse_dm_uuid(sys::read_line(fmt::format("/sys/dev/block/{}/dm/uuid", mount.device)));
    } catch (const SysError&) {
        return std::nullopt;  // another kind of device
    }
    if (ids.volume.empty())
        return std::nullopt;
    const Volumes volumes = list_volumes_of(ids.group);
    const LogicalVolume* volume =
        find_one(volumes, [&](const LogicalVolume& one) { return one.id == ids.volume; });
    if (!volume)
        fail(fmt::format("LVM does not know the volume of '{}'", mount.source));
    if (volume->type != "thin")
        fail(
            fmt::format("'{}' is a {} volume of LVM, and only thin ones have snapshots here; make "
                        "a thin volume (lvmthin(7)), and move the files there",
                        volume->full_name(), volume->type));
    return AreaVolume{.manager = std::string(name()),
                      .group = ids.group,
                      .id = ids.volume,
                      .name = volume->full_name(),
                      .target = {},
                      .type = {},
                      .options = {}};
}

void ThinVolumes::snapshot(const AreaVolume& area, const VolumeNote& note) const {
    run(words_for_snapshot(area.name, note), note.lock);
}

void ThinVolumes::copy(const AreaVolume& area, const VolumeNote& from,
                       const VolumeNote& note) const {
    const Volumes volumes = list_volumes_of(area.group);
    const LogicalVolume *now = find_area(volumes, area), *then = find_volume(volumes, from);
    if (!now || now->id != area.id)
        fail(fmt::format("'{}' is another volume now", area.name));
    if (!then)
        fail(fmt::format("its volume '{}' is not there", from.name));
    Words words = words_for_snapshot(then->full_name(), note);
    for (const std::string& tag : now->tags)
        if (!is_tag_of_ours(tag))
            words.insert(words.end() - 1, {"--addtag", tag});
    words.insert(words.end() - 1, {"--readahead", now->read_ahead});
    run(words, note.lock);
}

void ThinVolumes::exchange(const AreaVolume& area, const VolumeNote& note) const {
    const Volumes volumes = list_volumes_of(area.group);
    const LogicalVolume *now = find_area(volumes, area), *other = find_volume(volumes, note);
    if (!now || !other)
        fail(fmt::format("'{}' and '{}' are not both there", area.name, note.name));
    const std::string away = other->name == note.name ? name_in_exchange(note.name) : note.name;
    hide(*now, note);  // or an event of udev activates it again
    deactivate(*now, note.lock);
    rename(*now, away, note.lock);
    rename(*other, now->name, note.lock);
    // By the same names as before.
    show(*now, note);
    activate(*now, note.lock);
}

bool ThinVolumes::settle(const AreaVolume& area, const VolumeNote& note) const {
    Volumes volumes = list_volumes_of(area.group);
    if (!find_area(volumes, area)) {
        const LogicalVolume* former =
            find_one(volumes, [&](const LogicalVolume& one) { return one.id == area.id; });
        if (!former || !is_of_note(*former, note))
            fail(fmt::format("there is no volume '{}' any more", area.name));
        rename(*former, name_of(area), note.lock);
        volumes = list_volumes_of(area.group);
    }
    const LogicalVolume* now = find_area(volumes, area);
    if (!now)
        fail(fmt::format("there is no volume '{}' any more", area.name));
    for (const LogicalVolume& volume : volumes)
        if (is_of_note(volume, note)) {
            if (!volume.is_skipped)
                hide(volume, note);
            deactivate(volume, note.lock);
        }
    if (now->has_tag(tag_of_note(note.uuid)))
        show(*now, note);
    activate(*now, note.lock);
    return now->id != area.id;
}

std::string ThinVolumes::source_of(const AreaVolume& area) const {
    const Volumes volumes = list_volumes_of(area.group);
    const LogicalVolume* volume = find_area(volumes, area);
    if (!volume)
        fail(fmt::format("there is no volume '{}' any more", area.name));
    return volume->path;
}

void ThinVolumes::mount_snapshot(const VolumeNote& note, const std::string& target) const {
    const LogicalVolume volume = require_volume(note);
    activate(volume, note.lock);
    Undo back([&] { deactivate(volume, note.lock); });
    // Its uuid is that of the area's, which is mounted.
    const char* options = note.type == "xfs" ? "nouuid" : nullptr;
    if (::mount(volume.dm_path.c_str(), target.c_str(), note.type.c_str(),
                MS_RDONLY | MS_NOSUID | MS_NODEV, options) < 0)
        throw SysError(errno, fmt::format("mount '{}' on", volume.dm_path), target);
    back.keep();
}

std::vector<SnapshotMount> ThinVolumes::find_mounts(const VolumeNote& note) const {
    std::vector<SnapshotMount> found;
    for (const MountEntry& mount : read_mounts())
        if (is_shown(mount, note))
            found.push_back({mount.target, mount.source});
    return found;
}

void ThinVolumes::release(const VolumeNote& note) const {
    deactivate(require_volume(note), note.lock);
}

void ThinVolumes::remove(const VolumeNote& note) const {
    const Volumes volumes = list_volumes_of(note.group);
    if (const LogicalVolume* volume = find_volume(volumes, note))
        run({"lvremove", "--yes", volume->full_name()}, note.lock);
}

}  // namespace vps

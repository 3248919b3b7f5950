#include "manage/snapshot_verbs.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "config/vps_list.hh"
#include "context/running_vps.hh"
#include "manage/config_file.hh"
#include "manage/cut_switch.hh"
#include "manage/life_verbs.hh"
#include "manage/snapshot_area.hh"
#include "manage/vzctl_code.hh"
#include "ploop/disk_image.hh"
#include "ploop/file_system.hh"
#include "ploop/mount_disk.hh"
#include "snapshot/copy_area.hh"
#include "snapshot/standstill.hh"
#include "snapshot/volume.hh"
#include "state/place.hh"
#include "state/state.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

// The file system that is mounted of the VPS's disk image; empty where none is. Another one that a
// script has mounted there is not the VPS's.
Fd open_mounted_disk(Veid veid, const std::optional<VpsState>& state) {
    if (!state || state->image.empty())
        return {};
    Fd root = sys::open(state->mount_point, O_RDONLY | O_DIRECTORY);
    const auto mount = find_mount(root);
    const std::string name = name_of_disk_device(veid);
    try {
        if (mount &&
            sys::read_line(fmt::format("/sys/dev/block/{}/dm/name", mount->device)) == name)
            return root;
    } catch (const SysError&) {
        // Another kind of device.
    }
    throw Error(ExitCode::System,
                fmt::format("the file system on '{}' is not that of the VPS's disk image: "
                            "something is mounted over it",
                            state->mount_point));
}

// Copies the area while the VPS stands still; returns for how long it did.
std::chrono::milliseconds copy_standing_still(const Call& call, const SnapshotArea& subject,
                                              const AreaCopier& copier, const std::string& place,
                                              const FoundVps& vps) {
    const Fd disk = open_mounted_disk(call.veid, vps.state);
    TerminationRequest request;
    sys::ProgressLine progress("Copying");
    const bool freezes = vps.init && !call.given.has("skip-suspend");
    Standstill standstill({.veid = call.veid,
                           .processes = freezes ? Processes::Frozen : Processes::Running,
                           .file_system = disk,
                           .area = subject.area});
    copier.save(place, [&](std::uint64_t files) {
        if (request.heed())
            throw Error(ExitCode::System, "told to end");
        standstill.check_time();
        progress.tell_files(files);
    });
    const auto lasted = standstill.end();
    if (request.heed())
        throw Error(ExitCode::System, "told to end");
    if (disk)  // its file system was whole
        if (const std::string image = find_top_image(place + "/tree"); !image.empty())
            mark_in_use(sys::open(image, O_RDWR), image, false);
    return lasted;
}

void make_snapshot(const Call& call, const SnapshotArea& subject, const std::string& uuid) {
    FoundVps vps = find_vps(call.veid);
    // A VPS that runs is not locked: it may reboot, or be stopped, at any time.
    std::optional<VpsLock> lock;
    if (!vps.init) {
        lock.emplace(call.veid);
        vps = find_vps(call.veid);
    }
    SnapshotStore store = open_snapshots(call, subject, SnapshotStore::Create::Yes);
    if (store.list().find(uuid))
        throw Error(ExitCode::System, fmt::format("there is a snapshot {} already", uuid));
    const std::unique_ptr<AreaCopier> copier = find_copier(call.veid, subject, store);
    const AreaCopier::Pace pace = copier->pace();
    call.talk.tell(fmt::format("Creating snapshot {}", uuid));
    if (pace == AreaCopier::Pace::ByFile && subject.kind == AreaKind::Files)
        call.talk.tell("The files are cloned one by one, which takes no room but time");
    const std::string place = store.place_of(uuid);
    if (mkdir(place.c_str(), 0700) < 0)
        throw SysError(errno, "make", place);
    Undo remove([&] { remove_copy(place); });
    if (!call.given.has("skip-config"))
        save_config(call.veid, store.config_of(uuid));
    copier->prepare(place);
    const auto lasted = copy_standing_still(call, subject, *copier, place, vps);
    protect_copy(store.tree_of(uuid));
    sync_file_system(place);
    SnapshotList list = store.list();
    list.add({.uuid = uuid,
              .parent = {},
              .date = date_now(),
              .name = given_value(call, "name"),
              .description = given_value(call, "description")});
    store.write(list);
    remove.keep();
    call.talk.tell(fmt::format("Snapshot {} has been successfully created", uuid));
    if (vps.init && !call.given.has("skip-suspend"))
        call.talk.tell(fmt::format("Container stood still for {} ms", lasted.count()));
}

void require_target(const std::string& target) {
    const Place place(target);
    if (HostPlaces().has(place))
        throw Error(ExitCode::System,
                    fmt::format("'{}' is or holds a directory that the host needs", target));
    for (const Veid veid : list_vpses("/etc/vz/conf")) {
        std::optional<std::string> theirs[2];
        try {
            const VpsConfig config = load_vps_config(veid);
            theirs[0] = config.ve_private;
            theirs[1] = config.ve_root;
        } catch (const Error&) {
            continue;  // it has no area that anybody could tell
        }
        for (const auto& path : theirs)
            if (path && place.is_in(Place(*path)))
                throw Error(ExitCode::System, fmt::format("'{}' is among the files of VPS {}",
                                                          target, veid.to_string()));
    }
}

void mount_files(const std::string& tree, const std::string& target) {
    bind_mount({.source = tree,
                .target = target,
                .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV})
        .keep();
}

void mount_disk_of(const std::string& tree, const std::string& target) {
    const std::string directory = fmt::format("{}/{}", tree, kDiskDirectory);
    const DiskImage disk =
        DiskImage::open(sys::open(directory, O_PATH | O_DIRECTORY), directory, ImageAccess::Read);
    const Fd mount = mount_to_look(disk);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0 ||
        move_mount(mount.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0)
        throw SysError(errno, "mount the disk of the snapshot on", target);
}

void mount_snapshot(const std::string& place, AreaKind kind, const std::string& target) {
    if (const std::optional<VolumeNote> note = open_note(place))
        manager_called(note->manager).mount_snapshot(*note, target);
    else
        (kind == AreaKind::Files ? mount_files : mount_disk_of)(place + "/tree", target);
}

void dismount_snapshot(const std::string& place, const std::vector<SnapshotMount>& mounts) {
    for (const SnapshotMount& mount : mounts)
        if (umount2(mount.target.c_str(), UMOUNT_NOFOLLOW) < 0)
            throw SysError(errno, "dismount", mount.target);
    if (const std::optional<VolumeNote> note = open_note(place))
        manager_called(note->manager).release(*note);
}

void require_dismounted(const std::string& place, AreaKind kind) {
    if (const auto mounts = find_snapshot_mounts(place, kind); !mounts.empty())
        throw Error(ExitCode::System,
                    fmt::format("it is mounted on '{}'; vzctl snapshot-umount dismounts it",
                                mounts.front().target));
}

// Where there is no room for the list before the files are removed. One of the list that has no
// place is none; a place of another number is removed by whoever changes the snapshots next.
void delete_to_make_room(SnapshotStore& store, const SnapshotList& list, const std::string& uuid) {
    const std::string place = store.place_of(uuid), removed = store.place_of(make_uuid());
    if (rename(place.c_str(), removed.c_str()) < 0)
        throw SysError(errno, "rename", place);
    remove_copy(removed);
    try {
        store.write(list);
    } catch (const SysError& error) {
        if (error.errnum() != ENOSPC)  // btrfs makes the room later
            throw;
    }
}

}  // namespace

ExitCode snapshot_verb(const Call& call) {
    const std::string uuid = given_uuid(call).value_or(make_uuid());
    as_vzctl("Failed to create snapshot", vzctl_code::kNoSnapshot,
             [&] { make_snapshot(call, find_snapshot_area(call.veid), uuid); });
    return ExitCode::Ok;
}

ExitCode snapshot_delete_verb(const Call& call) {
    const std::string uuid = require_uuid(call);
    const SnapshotArea subject = find_snapshot_area(call.veid);
    SnapshotStore store = open_snapshots(call, subject, SnapshotStore::Create::No);
    require_snapshot(store.list(), uuid, vzctl_code::kSnapshotDelete);
    call.talk.tell(fmt::format("Deleting snapshot {}", uuid));
    as_vzctl(fmt::format("Failed to delete snapshot {}", uuid), vzctl_code::kSnapshotDelete, [&] {
        require_dismounted(store.place_of(uuid), subject.kind);
        SnapshotList list = store.list();
        list.remove(uuid);
        try {
            store.write(list);
        } catch (const SysError& error) {
            if (error.errnum() != ENOSPC)
                throw;
            delete_to_make_room(store, list, uuid);
            return;
        }
        remove_copy(store.place_of(uuid));
    });
    call.talk.tell(fmt::format("Snapshot {} has been successfully deleted", uuid));
    return ExitCode::Ok;
}

ExitCode snapshot_mount_verb(const Call& call) {
    const std::string uuid = require_uuid(call);
    const std::string word = given_value(call, "target");
    if (word.empty())
        throw Complaint(ExitCode::Usage, "Invalid syntax: mount target is missing");
    const SnapshotArea subject = find_snapshot_area(call.veid);
    const SnapshotStore store = open_snapshots(call, subject, SnapshotStore::Create::No);
    require_snapshot(store.list(), uuid, vzctl_code::kSnapshotMount);
    as_vzctl(fmt::format("Failed to mount snapshot {}", uuid), vzctl_code::kSnapshotMount, [&] {
        const std::string target = sys::realpath(word), place = store.place_of(uuid);
        require_target(target);
        require_dismounted(place, subject.kind);
        call.talk.tell(fmt::format("Mounting snapshot {} to {}", uuid, target));
        mount_snapshot(place, subject.kind, target);
    });
    return ExitCode::Ok;
}

ExitCode snapshot_umount_verb(const Call& call) {
    const std::string uuid = require_uuid(call);
    const SnapshotArea subject = find_snapshot_area(call.veid);
    const SnapshotStore store = open_snapshots(call, subject, SnapshotStore::Create::No);
    require_snapshot(store.list(), uuid, vzctl_code::kSnapshotUmount);
    as_vzctl(fmt::format("Failed to umount snapshot {}", uuid), vzctl_code::kSnapshotUmount, [&] {
        const std::string place = store.place_of(uuid);
        const auto mounts = find_snapshot_mounts(place, subject.kind);
        if (mounts.empty())
            throw Error(ExitCode::System, "it is not mounted");
        call.talk.tell(fmt::format("Umounting snapshot {}", uuid));
        dismount_snapshot(place, mounts);
    });
    return ExitCode::Ok;
}

}  // namespace vps

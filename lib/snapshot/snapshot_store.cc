#include "snapshot/snapshot_store.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "snapshot/copy_area.hh"
#include "snapshot/volume.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr const char *kList = "list", *kFreshList = "list.new", *kCopying = "/copying",
                     *kSwitching = "/switching";
constexpr std::size_t kLargestList = 16 << 20;

// The directory, locked; empty where there is none.
Fd lock_store(const std::string& path, SnapshotStore::Create create) {
    for (;;) {
        if (create == SnapshotStore::Create::Yes && mkdir(path.c_str(), 0700) < 0 &&
            errno != EEXIST)
            throw SysError(errno, "make", path);
        Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!directory && errno == ENOENT && create == SnapshotStore::Create::No)
            return {};
        if (!directory)
            throw SysError(errno, "open", path);
        if (flock(directory.get(), LOCK_EX | LOCK_NB) < 0)
            throw Error(ExitCode::Locked,
                        "another operation on the snapshots of this VPS is under way");
        // Whoever had the lock before may have removed the directory.
        struct stat locked {
        }, there{};
        if (fstat(directory.get(), &locked) == 0 && stat(path.c_str(), &there) == 0 &&
            locked.st_dev == there.st_dev && locked.st_ino == there.st_ino)
            return directory;
    }
}

bool has_places(const std::string& path) {
    Directory directory(path);
    while (const dirent* entry = directory.next())
        if (parse_uuid(entry->d_name))
            return true;
    return false;
}

bool is_missing(const std::string& path) {
    return access(path.c_str(), F_OK) < 0 && errno == ENOENT;
}

// Which volume is the area's, for good, before the other one is removed.
void settle_switch(const std::string& directory) {
    const std::string identity = directory + kIdentityOfFormer;
    if (access(identity.c_str(), F_OK) < 0)
        return;
    const std::optional<AreaVolume> area = parse_area_volume(sys::read_file(identity));
    if (!area)
        return;
    Directory places(directory);
    while (const dirent* entry = places.next())
        if (const auto note = open_note(fmt::format("{}/{}", directory, entry->d_name)))
            (void)manager_called(area->manager).settle(*area, *note);
}

}  // namespace

std::string snapshots_of(const std::string& area) {
    return area + ".snapshots";
}

std::string place_of_snapshot(const std::string& area, const std::string& uuid) {
    return fmt::format("{}/{}", snapshots_of(area), without_braces(uuid));
}

std::string place_to_switch_of(const std::string& area) {
    return snapshots_of(area) + kSwitching;
}

Fd lock_snapshots(const std::string& area) {
    return lock_store(snapshots_of(area), SnapshotStore::Create::No);
}

SnapshotList read_snapshots(const std::string& area) {
    const std::string directory = snapshots_of(area);
    const std::string path = fmt::format("{}/{}", directory, kList);
    const auto refuse = [&](const std::string& why) {
        throw Error(ExitCode::System,
                    fmt::format("'{}' {}, without which the snapshots are not known: bring it back "
                                "from a backup, or remove '{}' with all of them",
                                path, why, directory));
    };
    if (is_missing(path)) {
        if (has_places(directory))
            refuse("is gone");
        return {};
    }
    SnapshotList all;
    try {
        all = parse_snapshot_list(sys::read_file(path, kLargestList));
    } catch (const Error& error) {
        refuse(fmt::format("cannot be read ({})", error.what()));
    }
    SnapshotList list = all;
    for (const Snapshot& snapshot : all.snapshots)
        if (is_missing(place_of_snapshot(area, snapshot.uuid)))
            list.remove(snapshot.uuid);
    return list;
}

void remove_snapshots(const std::string& area) {
    const std::string directory = snapshots_of(area);
    settle_switch(place_to_switch_of(area));
    for (const std::string& path : {directory + kCopying, place_to_switch_of(area), directory})
        remove_copies(path);
}

SnapshotStore::SnapshotStore(const std::string& area, Create create)
    : directory_(snapshots_of(area)), lock_(lock_store(directory_, create)) {
    if (!lock_)
        return;
    list_ = read_snapshots(area);
    // The first snapshot finds a list, so that one that is missing is known to be lost.
    if (create == Create::Yes && is_missing(fmt::format("{}/{}", directory_, kList))) {
        Undo remove([&] { (void)rmdir(directory_.c_str()); });
        write({});
        remove.keep();
    }
    if (access(place_to_switch().c_str(), F_OK) < 0)
        sweep();
}

SnapshotStore::~SnapshotStore() {
    if (!lock_ || !list_.snapshots.empty() || has_places(directory_))
        return;
    (void)unlink(fmt::format("{}/{}", directory_, kList).c_str());
    (void)rmdir(directory_.c_str());  // what is in it stays
}

void SnapshotStore::end_switch() const {
    // On a file system that is read-only now, a rename of what is not there fails, too.
    if (!is_missing(place_to_switch()) &&
        rename(place_to_switch().c_str(), place_to_copy().c_str()) < 0)
        throw SysError(errno, "rename", place_to_switch());
}

void SnapshotStore::sweep() const {
    // A write that was cut off has left it.
    (void)unlink(fmt::format("{}/{}", directory_, kFreshList).c_str());
    end_switch();
    Directory directory(directory_);
    while (const dirent* entry = directory.next()) {
        const std::string name = entry->d_name;
        const auto uuid = parse_uuid(name);
        if (uuid && !list_.find(*uuid))
            remove_copy(fmt::format("{}/{}", directory_, name));
    }
    remove_copies(place_to_copy());
}

void SnapshotStore::write(const SnapshotList& list) {
    const std::string path = fmt::format("{}/{}", directory_, kList);
    const std::string fresh = fmt::format("{}/{}", directory_, kFreshList);
    Undo remove([&] { (void)unlink(fresh.c_str()); });
    {
        const Fd file = sys::open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
        sys::write_all(file, format_snapshot_list(list), fresh);
        if (fsync(file.get()) < 0)
            throw SysError(errno, "write", fresh);
    }
    if (rename(fresh.c_str(), path.c_str()) < 0)
        throw SysError(errno, "replace", path);
    remove.keep();
    list_ = list;
    sys::sync_directory(directory_);
}

std::string SnapshotStore::place_to_copy() const {
    return directory_ + kCopying;
}

std::string SnapshotStore::place_to_switch() const {
    return directory_ + kSwitching;
}

std::string SnapshotStore::place_of(const std::string& uuid) const {
    return fmt::format("{}/{}", directory_, without_braces(uuid));
}

std::string SnapshotStore::tree_of(const std::string& uuid) const {
    return place_of(uuid) + "/tree";
}

std::string SnapshotStore::config_of(const std::string& uuid) const {
    return place_of(uuid) + "/config";
}

}  // namespace vps

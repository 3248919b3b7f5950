#include "snapshot/copy_area.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "snapshot/clone_tree.hh"
#include "snapshot/copy_volume.hh"
#include "snapshot/subvolume.hh"
#include "snapshot/volume.hh"
#include "state/place.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/file_handle.hh"
#include "sys/mount.hh"
#include "sys/program.hh"
#include "sys/remove.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string tree_in(const std::string& place) {
    return place + "/tree";
}

std::string handle_of(const std::string& directory) {
    return FileHandle::of(sys::open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)).to_string();
}

[[noreturn]] void refuse(const std::string& from) {
    const MountEntry mount =
        find_mount(sys::open(from, O_PATH | O_DIRECTORY)).value_or(MountEntry{});
    const char* way =
        mount.type == "zfs" ? "make the area a dataset of its own, as vzctl(8) has it"
        : mount.type == "xfs"
            ? "this xfs was made without reflink=1; move the area to a newer xfs or to "
              "btrfs"
            : "move the area to btrfs or xfs, which have, or to a thin volume of LVM of its own";
    throw Error(ExitCode::System, fmt::format("the file system of '{}', {} on '{}', has no "
                                              "snapshots: {}",
                                              from, mount.type, mount.source, way));
}

void copy_tree(const std::string& from, const std::string& to, const CopyTick& tick) {
    if (is_subvolume(from)) {
        snapshot_subvolume(sys::open(from, O_RDONLY | O_DIRECTORY),
                           sys::open(parent_of(to), O_RDONLY | O_DIRECTORY), name_of(to));
        return;
    }
    // The deepest directory that both are below.
    std::string common = parent_of(from);
    while (!to.starts_with(common + "/"))
        common = parent_of(common);
    const std::size_t prefix = common.size() + 1;
    clone_tree(common.empty() ? "/" : common, from.substr(prefix), to.substr(prefix), tick);
}

// Of an area that is a directory.
class TreeCopier final : public AreaCopier {
  public:
    TreeCopier(std::string area, std::string store)
        : area_(std::move(area)), store_(std::move(store)) {}

    [[nodiscard]] Pace pace() const override { return pace_of(area_); }

    void prepare(const std::string& /*place*/) const override {}

    void save(const std::string& place, const CopyTick& tick) const override {
        copy_tree(area_, tree_in(place), tick);
    }

    void restore(const std::string& from, const std::string& place,
                 const CopyTick& tick) const override {
        if (open_note(from, NoteLock::No))
            throw Error(
                ExitCode::System,
                fmt::format("in '{}' is a volume, and '{}' is a directory now", from, area_));
        (void)pace_of(tree_in(from));
        copy_tree(tree_in(from), tree_in(place), tick);
    }

    void require_unused(const std::string& /*ve_root*/) const override {
        for (const MountEntry& mount : read_mounts())
            if (is_at_or_below(mount.target, area_))
                throw Error(ExitCode::System,
                            fmt::format("something is mounted on '{}'", mount.target));
    }

    [[nodiscard]] std::string identity() const override { return handle_of(area_); }

    void exchange(const std::string& place) const override {
        const std::string other = tree_in(place);
        if (renameat2(AT_FDCWD, other.c_str(), AT_FDCWD, area_.c_str(), RENAME_EXCHANGE) < 0)
            throw SysError(errno, fmt::format("exchange '{}' and", other), area_);
    }

  private:
    [[nodiscard]] Pace pace_of(const std::string& tree) const {
        if (is_subvolume(tree))
            return Pace::AtOnce;
        if (!can_clone(sys::open(store_, O_RDONLY | O_DIRECTORY)))
            refuse(tree);
        return Pace::ByFile;
    }

    std::string area_, store_;
};

void require_no_volumes(const std::string& area, const std::string& store) {
    Directory places(store);
    while (const dirent* entry = places.next())
        if (open_note(fmt::format("{}/{}", store, entry->d_name), NoteLock::No))
            throw Error(ExitCode::System,
                        fmt::format("'{}' is no mount point, but snapshots of it are those of a "
                                    "volume that was mounted there: mount it, or delete them",
                                    area));
}

// A directory whose volume and subvolumes are removed can be removed by rm(1).
void empty_place(const std::string& path) {
    remove_volume_of(path);
    Directory directory(path);
    while (const dirent* entry = directory.next())
        if (const std::string name = entry->d_name;
            name != "." && name != ".." && is_subvolume(fmt::format("{}/{}", path, name)))
            delete_subvolume(directory.fd(), name);
}

ExitStatus run_rm(const std::string& path, FdRef errors) {
    Child child = start_program({"/bin/rm", "-rf", "--", path}, 0,
                                [error = errors.get()] { return dup2(error, STDERR_FILENO) >= 0; });
    return child.wait().value_or(ExitStatus{});
}

}  // namespace

std::unique_ptr<AreaCopier> find_area_copier(Veid veid, const std::string& area,
                                             const std::string& store) {
    if (is_mount_point(area))
        return make_volume_copier(veid, find_area_volume(area));
    require_no_volumes(area, store);
    return std::make_unique<TreeCopier>(area, store);
}

bool settle_area(const std::string& area, const std::string& place, const std::string& former) {
    if (const std::optional<AreaVolume> volume = parse_area_volume(former))
        return settle_volume(*volume, place);
    if (handle_of(area) == former)
        return false;
    if (handle_of(tree_in(place)) != former)
        throw Error(ExitCode::System,
                    fmt::format("neither the private area nor '{}' is the private "
                                "area that was",
                                tree_in(place)));
    return true;
}

void protect_copy(const std::string& path) {
    if (is_subvolume(path))
        protect_subvolume(sys::open(path, O_RDONLY | O_DIRECTORY));
}

void remove_copy(const std::string& path) {
    if (is_subvolume(path)) {
        delete_subvolume(sys::open(parent_of(path), O_RDONLY | O_DIRECTORY), name_of(path));
        return;
    }
    empty_place(path);
    const ExitStatus status =
        remove_despite_flags(path, [&](FdRef errors) { return run_rm(path, errors); });
    if (!status.success())
        throw Error(ExitCode::System,
                    fmt::format("remove '{}': rm ends with {}", path, status.to_string()));
}

void remove_copies(const std::string& path) {
    Directory directory(path);
    while (const dirent* entry = directory.next())
        if (const std::string name = entry->d_name; name != "." && name != "..")
            empty_place(fmt::format("{}/{}", path, name));
    remove_copy(path);
}

}  // namespace vps

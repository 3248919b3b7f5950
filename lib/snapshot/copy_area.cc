#include "snapshot/copy_area.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "snapshot/clone_tree.hh"
#include "snapshot/subvolume.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/program.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

[[noreturn]] void refuse(const std::string& from) {
    const MountEntry mount =
        find_mount(sys::open(from, O_PATH | O_DIRECTORY)).value_or(MountEntry{});
    const char* way =
        mount.type == "zfs" ? "zfs has its own: zfs snapshot"
        : mount.type == "xfs"
            ? "this xfs was made without reflink=1; move the area to a newer xfs or to "
              "btrfs"
            : "move the area to btrfs or xfs, which have";
    throw Error(ExitCode::System, fmt::format("the file system of '{}', {} on '{}', has no "
                                              "snapshots: {}",
                                              from, mount.type, mount.source, way));
}

// A directory whose subvolumes are removed can be removed by rm(1).
void remove_subvolumes_in(const std::string& path) {
    Directory directory(path);
    while (const dirent* entry = directory.next())
        if (const std::string name = entry->d_name;
            name != "." && name != ".." && is_subvolume(fmt::format("{}/{}", path, name)))
            delete_subvolume(directory.fd(), name);
}

}  // namespace

CopyKind find_copy_kind(const std::string& from, const std::string& to) {
    if (is_mount_point(from))
        throw Error(ExitCode::System,
                    fmt::format("'{}' is a mount point, and snapshots lie beside it on the same "
                                "file system; mount that elsewhere, and move the area into a "
                                "directory of it, or have LVM or zfs make them as vzctl(8) tells",
                                from));
    if (is_subvolume(from))
        return CopyKind::Subvolume;
    if (!can_clone(sys::open(to, O_RDONLY | O_DIRECTORY)))
        refuse(from);
    return CopyKind::Reflinks;
}

void copy_tree(CopyKind kind, const std::string& from, const std::string& to,
               const CopyTick& tick) {
    if (kind == CopyKind::Subvolume) {
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

void protect_copy(const std::string& path) {
    if (is_subvolume(path))
        protect_subvolume(sys::open(path, O_RDONLY | O_DIRECTORY));
}

void remove_copy(const std::string& path) {
    if (is_subvolume(path)) {
        delete_subvolume(sys::open(parent_of(path), O_RDONLY | O_DIRECTORY), name_of(path));
        return;
    }
    remove_subvolumes_in(path);
    Child child = start_program({"/bin/rm", "-rf", "--", path}, 0);
    if (const ExitStatus status = child.wait().value_or(ExitStatus{}); !status.success())
        throw Error(ExitCode::System,
                    fmt::format("remove '{}': rm ends with {}", path, status.to_string()));
}

void remove_copies(const std::string& path) {
    Directory directory(path);
    while (const dirent* entry = directory.next())
        if (const std::string name = entry->d_name; name != "." && name != "..")
            remove_subvolumes_in(fmt::format("{}/{}", path, name));
    remove_copy(path);
}

}  // namespace vps

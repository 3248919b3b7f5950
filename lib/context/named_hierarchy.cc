#include "context/named_hierarchy.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPlace = "/run/vps/cgroup-v1";
constexpr const char* kHierarchy = "/run/vps/cgroup-v1/systemd";

// The kernel lets every VPS mount the hierarchy, and shows it from the VPS's own group on, or as a
// whole where there is none. So nobody lists the top, and this directory is passed by root of the
// host and of its VPS only. The VPS's group is in it, and belongs to the VPS.
std::string guarded_place(Veid veid) {
    return fmt::format("{}/vps-{}", kHierarchy, veid.to_string());
}

std::string group_of(Veid veid) {
    return guarded_place(veid) + "/ve";
}

bool is_there(FdRef place) {
    struct stat file {};
    return fstat(place.get(), &file) == 0 && file.st_nlink > 0;
}

// One process at a time mounts, dismounts, makes and removes. A process that removes the place
// leaves others that wait for its lock with a place that is not there.
Fd lock_place() {
    for (;;) {
        sys::mkdir_all(kPlace, kRunMode);
        Fd lock = sys::lock_directory(kPlace);
        if (is_there(lock)) {
            sys::mkdir_all(kHierarchy, kRunMode);
            return lock;
        }
    }
}

bool has_kernel_hierarchy() {
    const std::string path = "/proc/self/cgroup";
    return sys::read_file(path).find(":name=systemd:") != std::string::npos;
}

void mount_hierarchy() {
    if (is_mount_point(kHierarchy))
        return;
    const bool is_new = !has_kernel_hierarchy();
    if (mount("cgroup", kHierarchy, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "none,name=systemd,xattr") == 0) {
        // One that the host had before may be in use by users of the host.
        if (is_new && chmod(kHierarchy, 0711) < 0)
            throw SysError(errno, "close to others", kHierarchy);
        return;
    }
    if (errno == ENODEV || errno == EINVAL)
        throw Error(ExitCode::System,
                    "this kernel has no cgroup v1, which the VPS's systemd needs (before 230); "
                    "boot another one, or set CGROUP_LAYOUT=v2 if the VPS does without");
    throw SysError(errno, "mount the cgroup v1 hierarchy", kHierarchy);
}

// The name of a group that is in this one; empty where there is none.
std::string find_group_in(FdRef group) {
    Directory files(sys::openat(group, ".", O_RDONLY | O_DIRECTORY));
    while (const dirent* entry = files.next())
        if (const std::string_view name(entry->d_name);
            entry->d_type == DT_DIR && name != "." && name != "..")
            return std::string(name);
    return {};
}

// A group goes when it has no group below it. There are as many as the VPS has made, and their
// paths are as long as it liked: each is reached from the one above it.
void remove_groups(const std::string& top) {
    Fd group(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!group && errno == ENOENT)
        return;
    if (!group)
        throw SysError(errno, "open the cgroup", top);
    for (std::vector<std::string> way;;) {
        if (std::string below = find_group_in(group); !below.empty()) {
            group = sys::openat(group, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            way.push_back(std::move(below));
            continue;
        }
        if (way.empty())
            break;
        group = sys::openat(group, "..", O_RDONLY | O_DIRECTORY);
        if (unlinkat(group.get(), way.back().c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
            throw SysError(errno, fmt::format("remove a cgroup, '{}', below", way.back()), top);
        way.pop_back();
    }
    if (rmdir(top.c_str()) < 0 && errno != ENOENT)
        throw SysError(errno, "remove the cgroup", top);
}

bool has_groups() {
    for (const auto& entry : fs::directory_iterator(kHierarchy))
        if (entry.path().filename().string().starts_with("vps-"))
            return true;
    return false;
}

void dismount_if_unused() {
    if (has_groups())
        return;
    if (umount2(kHierarchy, MNT_DETACH) < 0)
        throw SysError(errno, "dismount", kHierarchy);
    for (const char* dir : {kHierarchy, kPlace})
        if (rmdir(dir) < 0)
            throw SysError(errno, "remove", dir);
}

}  // namespace

void make_named_group(Veid veid, const std::optional<UserIds>& ids, pid_t first) {
    const Fd lock = lock_place();
    mount_hierarchy();
    const std::string guarded = guarded_place(veid), group = group_of(veid);
    remove_groups(guarded);
    sys::mkdir_all(guarded, 0710);
    sys::mkdir_all(group, 0755);
    if (ids && chown(guarded.c_str(), 0, ids->first_gid) < 0)
        throw SysError(errno, "let the VPS pass by", guarded);
    if (ids)
        for (const char* name : {"", "/cgroup.procs", "/tasks"})
            if (const std::string path = group + name;
                chown(path.c_str(), ids->first_uid, ids->first_gid) < 0)
                throw SysError(errno, "give the VPS the cgroup", path);
    const std::string procs = group + "/cgroup.procs";
    sys::write_all(sys::open(procs, O_WRONLY), std::to_string(first), procs);
}

Fd open_named_group(Veid veid) {
    return Fd(open((group_of(veid) + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
}

void remove_named_group(Veid veid) {
    if (access(kPlace, F_OK) < 0)
        return;  // no VPS has had one since the host's boot
    within({"the VPS's cgroup of version 1"}, [&] {
        const Fd lock = lock_place();
        mount_hierarchy();  // the host may have dismounted it, at shutdown for instance
        remove_groups(guarded_place(veid));
        dismount_if_unused();
    });
}

}  // namespace vps

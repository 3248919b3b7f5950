#include "snapshot/subvolume.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr ino_t kTopOfSubvolume = 256;  // BTRFS_FIRST_FREE_OBJECTID of linux/btrfs_tree.h

// A subvolume that lies in another: its directory there, relative to the other's top, and its name.
struct Nested {
    std::string directory, name;
};

template <std::size_t N>
void put(char (&to)[N], const std::string& text) {
    if (text.size() >= N)
        throw SysError(ENAMETOOLONG, "name a subvolume", text);
    (void)text.copy(static_cast<char*>(to), N - 1);
}

Nested look_up(FdRef subvolume, const btrfs_ioctl_get_subvol_rootref_args& refs, unsigned number) {
    const auto place = std::make_unique<btrfs_ioctl_ino_lookup_user_args>();
    place->dirid = refs.rootref[number].dirid;
    place->treeid = refs.rootref[number].treeid;
    if (ioctl(subvolume.get(), BTRFS_IOC_INO_LOOKUP_USER, place.get()) < 0)
        throw SysError(errno, "look up a subvolume");
    return {static_cast<const char*>(place->path), static_cast<const char*>(place->name)};
}

// Those that lie directly in this one.
std::vector<Nested> find_nested(FdRef subvolume) {
    std::vector<Nested> found;
    const auto refs = std::make_unique<btrfs_ioctl_get_subvol_rootref_args>();
    for (bool more = true; more;) {
        more = false;
        if (ioctl(subvolume.get(), BTRFS_IOC_GET_SUBVOL_ROOTREF, refs.get()) < 0) {
            if (errno != EOVERFLOW)  // there are more than fit
                throw SysError(errno, "look for subvolumes");
            more = true;
        }
        for (unsigned number = 0; number < refs->num_items; ++number)
            found.push_back(look_up(subvolume, *refs, number));
    }
    return found;
}

// The path was the VPS's a moment ago: no link of it is followed.
Fd open_below(FdRef top, const std::string& path) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    Fd fd(static_cast<int>(
        syscall(SYS_openat2, top.get(), path.empty() ? "." : path.c_str(), &how, sizeof how)));
    if (!fd)
        throw SysError(errno, "open", path);
    return fd;
}

void take_snapshot(FdRef from, FdRef to, const std::string& name) {
    const auto args = std::make_unique<btrfs_ioctl_vol_args_v2>();
    args->fd = from.get();
    put(args->name, name);
    if (ioctl(to.get(), BTRFS_IOC_SNAP_CREATE_V2, args.get()) < 0)
        throw SysError(errno, "make the snapshot", name);
}

// In a snapshot an empty directory stands for each subvolume. It goes with the times of the
// directory that it is in, which are put back.
void replace_placeholder(FdRef from, FdRef to, const std::string& name) {
    struct stat status {};
    if (fstat(to.get(), &status) < 0)
        throw SysError(errno, "look at the directory of", name);
    if (unlinkat(to.get(), name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
        throw SysError(errno, "remove", name);
    snapshot_subvolume(from, to, name);
    const timespec times[]{status.st_atim, status.st_mtim};
    if (futimens(to.get(), static_cast<const timespec*>(times)) < 0)
        throw SysError(errno, "set the times of the directory of", name);
}

void set_read_only(FdRef subvolume, bool read_only) {
    __u64 flags = 0;
    if (ioctl(subvolume.get(), BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
        throw SysError(errno, "look at a subvolume");
    const __u64 wanted =
        read_only ? flags | BTRFS_SUBVOL_RDONLY : flags & ~__u64{BTRFS_SUBVOL_RDONLY};
    if (wanted != flags && ioctl(subvolume.get(), BTRFS_IOC_SUBVOL_SETFLAGS, &wanted) < 0)
        throw SysError(errno, "change a subvolume");
}

}  // namespace

bool is_subvolume(FdRef directory) {
    struct statfs fs {};
    struct stat status {};
    return fstatfs(directory.get(), &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC &&
           fstat(directory.get(), &status) == 0 && status.st_ino == kTopOfSubvolume;
}

bool is_subvolume(const std::string& path) {
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return directory && is_subvolume(directory);
}

void snapshot_subvolume(FdRef from, FdRef to, const std::string& name) {
    take_snapshot(from, to, name);
    const Fd copy = open_below(to, name);
    for (const Nested& nested : find_nested(from)) {
        const Fd directory = open_below(from, nested.directory);
        const Fd subvolume = open_below(directory, nested.name);
        replace_placeholder(subvolume, open_below(copy, nested.directory), nested.name);
    }
}

void protect_subvolume(FdRef subvolume) {
    for (const Nested& nested : find_nested(subvolume))
        protect_subvolume(open_below(open_below(subvolume, nested.directory), nested.name));
    set_read_only(subvolume, true);
}

void delete_subvolume(FdRef parent, const std::string& name) {
    {
        const Fd subvolume = open_below(parent, name);
        const std::vector<Nested> below = find_nested(subvolume);
        if (!below.empty())
            set_read_only(subvolume, false);
        for (const Nested& nested : below)
            delete_subvolume(open_below(subvolume, nested.directory), nested.name);
    }
    const auto args = std::make_unique<btrfs_ioctl_vol_args>();
    put(args->name, name);
    if (ioctl(parent.get(), BTRFS_IOC_SNAP_DESTROY, args.get()) < 0)
        throw SysError(errno, "remove the subvolume", name);
}

}  // namespace vps

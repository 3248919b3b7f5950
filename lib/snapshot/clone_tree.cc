#include "snapshot/clone_tree.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <utility>
#include <vector>

#include "snapshot/attributes.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/file_handle.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::uint64_t kTick = 256;  // files

using FileId = std::pair<dev_t, ino_t>;

// A path of what has this name in the directory, of a link itself.
std::string path_in(FdRef directory, const std::string& name) {
    return fmt::format("/proc/self/fd/{}/{}", directory.get(), name);
}

// What sets an owner takes set-uid bits and capabilities away: so the owner comes first. Times come
// last.
void take_properties(FdRef to, const struct stat& status, const std::string& name,
                     const std::function<void()>& copy_attributes) {
    if (fchown(to.get(), status.st_uid, status.st_gid) < 0)
        throw SysError(errno, "set the owner of", name);
    if (fchmod(to.get(), status.st_mode & 07777) < 0)
        throw SysError(errno, "set the mode of", name);
    copy_attributes();
    const timespec times[]{status.st_atim, status.st_mtim};
    if (futimens(to.get(), static_cast<const timespec*>(times)) < 0)
        throw SysError(errno, "set the times of", name);
}

bool is_on_btrfs(FdRef file) {
    struct statfs fs {};
    return fstatfs(file.get(), &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

// Files of btrfs without copy-on-write (chattr +C) share blocks among themselves only.
void take_copy_on_write(FdRef from, FdRef to) {
    int theirs = 0, ours = 0;
    if (ioctl(from.get(), FS_IOC_GETFLAGS, &theirs) < 0 ||
        ioctl(to.get(), FS_IOC_GETFLAGS, &ours) < 0 || ((theirs ^ ours) & FS_NOCOW_FL) == 0)
        return;
    ours ^= FS_NOCOW_FL;
    (void)ioctl(to.get(), FS_IOC_SETFLAGS, &ours);  // else the next step fails, and tells
}

class Cloner {
  public:
    Cloner(FdRef mount, const std::function<void(std::uint64_t)>& tick)
        : mount_(mount), tick_(tick), on_btrfs_(is_on_btrfs(mount)) {}

    void clone(FdRef from, FdRef to) {
        push(from, to);
        while (!pending_.empty()) {
            const auto [theirs, ours] = std::move(pending_.back());
            pending_.pop_back();
            Fd source = theirs.open(mount_, O_RDONLY | O_DIRECTORY);
            const Fd target = ours.open(mount_, O_RDONLY | O_DIRECTORY);
            if (source && target)
                clone_entries(std::move(source), target);
        }
    }

  private:
    void push(FdRef from, FdRef to) {
        pending_.emplace_back(FileHandle::of(from), FileHandle::of(to));
    }

    // All entries of one directory, then what the directory itself is: nothing is made in it later.
    void clone_entries(Fd source, FdRef to) {
        Directory directory(std::move(source));
        if (!directory)
            throw SysError(errno, "read a directory");
        const FdRef from = directory.fd();
        while (const dirent* entry = directory.next()) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..")
                clone_entry(from, to, name);
        }
        if (errno != 0)
            throw SysError(errno, "read a directory");
        struct stat status {};
        if (fstat(from.get(), &status) < 0)
            throw SysError(errno, "look at a directory");
        take_properties(to, status, "a directory",
                        [&] { attributes_.copy({.file = from}, {.file = to}, "a directory"); });
    }

    void clone_entry(FdRef from, FdRef to, const std::string& name) {
        struct stat status {};
        if (fstatat(from.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT)
                return;  // it has gone since the directory was read
            throw SysError(errno, "look at", name);
        }
        if (++files_ % kTick == 0)
            tick_(files_);
        if (S_ISDIR(status.st_mode)) {
            clone_directory(from, to, name);
            return;
        }
        const FileId id{status.st_dev, status.st_ino};
        if (status.st_nlink > 1 && link_known(id, to, name))
            return;
        if (S_ISREG(status.st_mode))
            clone_file(from, to, name);
        else
            make_again(from, to, name, status);
        if (status.st_nlink > 1)
            note_link(id, to, name);
    }

    // Empty for what has gone, or has become another kind of file.
    static Fd open_entry(FdRef from, const std::string& name, int flags) {
        Fd fd(openat(from.get(), name.c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags));
        if (!fd && errno != ENOENT && errno != ELOOP && errno != ENOTDIR && errno != ENXIO &&
            errno != EACCES)
            throw SysError(errno, "open", name);
        return fd;
    }

    void clone_directory(FdRef from, FdRef to, const std::string& name) {
        const Fd source = open_entry(from, name, O_DIRECTORY);
        if (!source)
            return;
        if (mkdirat(to.get(), name.c_str(), 0700) < 0)
            throw SysError(errno, "make the directory", name);
        push(source, sys::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }

    void clone_file(FdRef from, FdRef to, const std::string& name) {
        const Fd source = open_entry(from, name, 0);
        struct stat status {};
        if (!source || fstat(source.get(), &status) < 0 || !S_ISREG(status.st_mode))
            return;
        const Fd target = sys::openat(to, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (on_btrfs_)
            take_copy_on_write(source, target);
        if (ioctl(target.get(), FICLONE, source.get()) < 0)
            throw SysError(errno, "clone the file", name);
        take_properties(target, status, name,
                        [&] { attributes_.copy({.file = source}, {.file = target}, name); });
    }

    // Links, nodes, pipes and sockets.
    void make_again(FdRef from, FdRef to, const std::string& name, const struct stat& status) {
        if (S_ISLNK(status.st_mode)) {
            std::array<char, PATH_MAX> goal{};
            if (readlinkat(from.get(), name.c_str(), goal.data(), goal.size() - 1) < 0)
                return;  // it is another kind of file now
            if (symlinkat(goal.data(), to.get(), name.c_str()) < 0)
                throw SysError(errno, "make the link", name);
        } else if (mknodat(to.get(), name.c_str(), status.st_mode, status.st_rdev) < 0) {
            throw SysError(errno, "make the node", name);
        }
        if (fchownat(to.get(), name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
            throw SysError(errno, "set the owner of", name);
        if (!S_ISLNK(status.st_mode) &&
            chmod(path_in(to, name).c_str(), status.st_mode & 07777) < 0)
            throw SysError(errno, "set the mode of", name);
        attributes_.copy({.path = path_in(from, name)}, {.path = path_in(to, name)}, name);
        const timespec times[]{status.st_atim, status.st_mtim};
        if (utimensat(to.get(), name.c_str(), static_cast<const timespec*>(times),
                      AT_SYMLINK_NOFOLLOW) < 0)
            throw SysError(errno, "set the times of", name);
    }

    // True if the file has a name in the copy already, and now this one as well.
    bool link_known(const FileId& id, FdRef to, const std::string& name) const {
        const auto known = links_.find(id);
        if (known == links_.end())
            return false;
        const Fd file = known->second.open(mount_, O_PATH | O_NOFOLLOW);
        if (!file || linkat(file.get(), "", to.get(), name.c_str(), AT_EMPTY_PATH) < 0)
            throw SysError(errno, "make the hard link", name);
        return true;
    }

    void note_link(const FileId& id, FdRef to, const std::string& name) {
        struct stat status {};
        if (fstatat(to.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
            links_.emplace(id, FileHandle::of(to, name));
    }

    FdRef mount_;
    const std::function<void(std::uint64_t)>& tick_;
    bool on_btrfs_;
    std::uint64_t files_ = 0;
    AttributeCopier attributes_;
    std::vector<std::pair<FileHandle, FileHandle>> pending_;  // directories, theirs and ours
    std::map<FileId, FileHandle> links_;                      // files with more than one name
};

Fd make_file(FdRef directory) {
    return Fd(openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

}  // namespace

bool can_clone(FdRef directory) {
    const Fd one = make_file(directory), other = make_file(directory);
    return one && other && write(one.get(), "x", 1) == 1 &&
           ioctl(other.get(), FICLONE, one.get()) == 0;
}

void clone_tree(const std::string& parent, const std::string& from, const std::string& to,
                const std::function<void(std::uint64_t)>& tick) {
    // One mount of its own for both, since older kernels clone within one mount only: nothing is
    // mounted in it, and no device in it can be opened.
    const DetachedMount tree = DetachedMount::copy_of(parent);
    tree.set_attributes(
        MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME,
        MOUNT_ATTR__ATIME);
    const Fd source = sys::openat(tree.fd(), from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (mkdirat(tree.fd().get(), to.c_str(), 0700) < 0)
        throw SysError(errno, "make the directory", to);
    Cloner(source, tick).clone(source, sys::openat(tree.fd(), to, O_RDONLY | O_DIRECTORY));
}

}  // namespace vps

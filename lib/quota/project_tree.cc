#include "quota/project_tree.hh"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <string_view>
#include <utility>
#include <vector>

#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/file_handle.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr ExitCode kNoDiskQuota = ExitCode::NoDiskQuota;
constexpr std::uint64_t kTick = 1024;  // files

// Directories that are yet to be read, by handle: a deep tree then takes neither descriptors nor
// long paths.
class Pending {
  public:
    explicit Pending(FdRef mount) : mount_(mount) {}

    void push(FdRef directory) { handles_.push_back(FileHandle::of(directory, kNoDiskQuota)); }

    // The next directory; empty when there is none. A directory that has gone is left out.
    Fd pop() {
        while (!handles_.empty()) {
            const FileHandle next = std::move(handles_.back());
            handles_.pop_back();
            if (Fd directory = next.open(mount_, O_RDONLY | O_DIRECTORY, kNoDiskQuota))
                return directory;
        }
        return {};
    }

  private:
    FdRef mount_;
    std::vector<FileHandle> handles_;
};

enum class Kind { Directory, File, Other };

Kind kind_of(FdRef directory, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN)
        return entry.d_type == DT_DIR   ? Kind::Directory
               : entry.d_type == DT_REG ? Kind::File
                                        : Kind::Other;
    struct stat status {};
    if (fstatat(directory.get(), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return Kind::Other;
    return S_ISDIR(status.st_mode)   ? Kind::Directory
           : S_ISREG(status.st_mode) ? Kind::File
                                     : Kind::Other;
}

// Empty for an entry that has gone, or has become another kind of file, since its directory was
// read.
Fd open_entry(FdRef directory, const char* name, Kind kind) {
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
                      (kind == Kind::Directory ? O_DIRECTORY : 0);
    Fd fd(openat(directory.get(), name, flags));
    if (!fd && errno != ENOENT && errno != ELOOP && errno != ENOTDIR && errno != ENXIO &&
        errno != EACCES)
        throw SysError(errno, "open", name, kNoDiskQuota);
    return fd;
}

}  // namespace

std::uint64_t mark_tree(const std::string& top, ProjectId project,
                        const std::function<void(std::uint64_t)>& tick) {
    // The copy is a mount of its own: nothing is mounted in it, and no device in it can be opened.
    const DetachedMount tree = DetachedMount::copy_of(top);
    tree.set_attributes(
        MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME,
        MOUNT_ATTR__ATIME);
    const Fd root = sys::openat(tree.fd(), ".", O_RDONLY | O_DIRECTORY);
    Pending pending(root);
    pending.push(root);
    std::uint64_t files = 1;
    while (Fd fd = pending.pop()) {
        Directory directory(std::move(fd));
        if (!directory)
            throw SysError(errno, "read a directory", {}, kNoDiskQuota);
        const FdRef dir = directory.fd();
        while (const dirent* entry = directory.next()) {
            const std::string_view name = entry->d_name;
            const Kind kind = kind_of(dir, *entry);
            if (kind == Kind::Other || name == "." || name == "..")
                continue;
            const Fd file = open_entry(dir, entry->d_name, kind);
            if (!file)
                continue;
            // A directory is marked before its entries, so that the file system marks new entries
            // from now on.
            join_project(file, project);
            if (kind == Kind::Directory)
                pending.push(file);
            if (++files % kTick == 0)
                tick(files);
        }
        if (errno != 0)
            throw SysError(errno, "read a directory", {}, kNoDiskQuota);
    }
    join_project(root, project);
    return files;
}

}  // namespace vps

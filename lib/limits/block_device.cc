#include "limits/block_device.hh"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <filesystem>

#include "sys/error.hh"
#include "sys/fd.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace fs = std::filesystem;

// The disk of a device; of a partition the disk that it is a part of. Empty if there is no such
// device.
static fs::path whole_disk(const fs::path& device) {
    std::error_code error;
    const fs::path real = fs::canonical(device, error);
    if (error)
        return {};
    return fs::exists(real / "partition", error) ? real.parent_path() : real;
}

std::vector<std::string> disks_of(const std::string& device, const std::string& sys_root) {
    std::vector<std::string> disks;
    fs::path disk = whole_disk(sys_root + "/sys/dev/block/" + device);
    while (!disk.empty()) {
        disks.push_back(sys::read_line((disk / "dev").string()));
        fs::path below;
        std::error_code error;
        unsigned slaves = 0;
        for (const auto& entry : fs::directory_iterator(disk / "slaves", error)) {
            below = entry.path();
            ++slaves;
        }
        disk = slaves == 1 ? whole_disk(below) : fs::path();
    }
    return disks;
}

// The device of a btrfs, which has no device number of its own: the mount table names the one that
// it was mounted from. A limit of one device does not hold a btrfs on several.
static std::string device_of_btrfs(FdRef file) {
    const auto mount = find_mount(file);
    struct stat source {};
    if (!mount || mount->type != "btrfs" || stat(mount->source.c_str(), &source) < 0 ||
        !S_ISBLK(source.st_mode))
        return {};
    btrfs_ioctl_fs_info_args info{};
    const Fd top = sys::open(mount->target, O_RDONLY);
    if (ioctl(top.get(), BTRFS_IOC_FS_INFO, &info) < 0 || info.num_devices != 1)
        return {};
    return std::to_string(major(source.st_rdev)) + ":" + std::to_string(minor(source.st_rdev));
}

std::vector<std::string> find_disks(const std::string& path, const std::string& sys_root) {
    const Fd file = sys::open(path, O_PATH);
    struct stat status {};
    if (fstat(file.get(), &status) < 0)
        throw SysError(errno, "look at", path);
    const std::string device =
        major(status.st_dev) == 0
            ? device_of_btrfs(file)
            : std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
    return device.empty() ? std::vector<std::string>() : disks_of(device, sys_root);
}

std::string explain_no_disk(const std::string& path) {
    return "'" + path +
           "' lies on a file system without a disk (tmpfs, NFS, overlay) or on several (btrfs)";
}

}  // namespace vps

#include "block_device.hh"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <filesystem>

#include "error.hh"
#include "mount.hh"
#include "sys.hh"

namespace vps {

namespace fs = std::filesystem;

// Partitions are no disks: their parent is. Empty if there is no such device.
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

// btrfs has no device number; what it was mounted from is in the mount table.
static std::string find_mounted_device(dev_t wanted) {
    for (const MountEntry& entry : read_mounts()) {
        struct stat target {
        }, source{};
        if (entry.type == "btrfs" && stat(entry.target.c_str(), &target) == 0 &&
            target.st_dev == wanted && stat(entry.source.c_str(), &source) == 0 &&
            S_ISBLK(source.st_mode))
            return std::to_string(major(source.st_rdev)) + ":" +
                   std::to_string(minor(source.st_rdev));
    }
    return {};
}

std::vector<std::string> find_disks(const std::string& path, const std::string& sys_root) {
    struct stat status {};
    if (stat(path.c_str(), &status) < 0)
        throw SysError(errno, "look at", path);
    const std::string device =
        major(status.st_dev) == 0
            ? find_mounted_device(status.st_dev)
            : std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
    return device.empty() ? std::vector<std::string>() : disks_of(device, sys_root);
}

}  // namespace vps

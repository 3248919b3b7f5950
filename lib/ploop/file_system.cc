#include "ploop/file_system.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

#include "ploop/loop_device.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr ExitCode kCannotMount = ExitCode::CannotMount;

void set(FdRef fs, unsigned command, const char* key, const char* value) {
    if (fsconfig(fs.get(), command, key, value, 0) < 0)
        throw SysError(errno, fmt::format("set the mount option {} of", key), "ext4", kCannotMount);
}

// What the kernel says of a mount that has failed is in the log of the kernel, and here.
std::string read_words(FdRef fs) {
    char text[512];
    std::string words;
    for (ssize_t got; (got = ::read(fs.get(), text, sizeof text)) > 0;)
        words += (words.empty() ? "" : ", ") + std::string(text, static_cast<std::size_t>(got));
    return words;
}

struct Attribute {
    std::string_view option;
    unsigned bits;
};

// What is a property of the mount, and not of the file system; 0: as it is anyway.
constexpr Attribute kAttributes[]{
    {"defaults", 0},
    {"rw", 0},
    {"ro", MOUNT_ATTR_RDONLY},
    {"suid", 0},
    {"nosuid", MOUNT_ATTR_NOSUID},
    {"dev", 0},
    {"nodev", MOUNT_ATTR_NODEV},
    {"exec", 0},
    {"noexec", MOUNT_ATTR_NOEXEC},
    {"atime", 0},
    {"relatime", MOUNT_ATTR_RELATIME},
    {"noatime", MOUNT_ATTR_NOATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME},
    {"diratime", 0},
    {"nodiratime", MOUNT_ATTR_NODIRATIME},
};

void set_option(FdRef fs, const std::string& option) {
    const std::size_t equals = option.find('=');
    const std::string name = option.substr(0, equals);
    const bool has_value = equals != std::string::npos;
    if (fsconfig(fs.get(), has_value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name.c_str(),
                 has_value ? option.c_str() + equals + 1 : nullptr, 0) < 0) {
        const int error = errno;
        const std::string words = read_words(fs);
        throw Error(kCannotMount, fmt::format("MOUNT_OPTS: ext4 does not take the option '{}' ({})",
                                              option, words.empty() ? strerror(error) : words));
    }
}

// Gives the file system its options; returns the attributes of its mount (fsmount(2)).
unsigned set_options(FdRef fs, const std::vector<std::string>& options) {
    unsigned attributes = 0;
    for (const std::string& option : options) {
        const auto found =
            std::find_if(std::begin(kAttributes), std::end(kAttributes),
                         [&](const Attribute& attribute) { return attribute.option == option; });
        if (found == std::end(kAttributes))
            set_option(fs, option);
        else
            attributes |= found->bits;
    }
    return attributes;
}

std::string read_superblock(const DiskImage& disk) {
    return disk.read(find_file_system(disk).start + kSuperblockSector, kSuperblockBytes);
}

}  // namespace

Partition find_file_system(const DiskImage& disk) {
    const Partition partition = find_partition(
        [&](std::uint64_t sector, std::size_t bytes) { return disk.read(sector, bytes); },
        disk.size());
    if (const auto why =
            find_objection(disk.read(partition.start + kSuperblockSector, kSuperblockBytes)))
        throw Error(kCannotMount, *why);
    return partition;
}

bool needs_journal(const DiskImage& disk) {
    return needs_journal(read_superblock(disk));
}

bool is_clean(const DiskImage& disk) {
    return is_clean(read_superblock(disk));
}

// A VPS decides on its superblock: the host must neither stop at an error of it (errors=panic) nor
// take the options that it names for its own.
Fd mount_file_system(const std::string& device, DiskUse use,
                     const std::vector<std::string>& options) {
    const Fd fs(fsopen("ext4", FSOPEN_CLOEXEC));
    if (!fs)
        throw SysError(errno, "open the file system", "ext4", kCannotMount);
    set(fs, FSCONFIG_SET_STRING, "source", device.c_str());
    set(fs, FSCONFIG_SET_STRING, "errors", "remount-ro");
    if (use == DiskUse::Read) {
        set(fs, FSCONFIG_SET_FLAG, "ro", nullptr);
        set(fs, FSCONFIG_SET_FLAG, "noload", nullptr);
    }
    const unsigned attributes = set_options(fs, options);
    if (fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
        const int error = errno;
        const std::string words = read_words(fs);
        throw Error(kCannotMount, SysError(error, "mount", device).what() +
                                      (words.empty() ? words : " (" + words + ")"));
    }
    Fd tree(fsmount(fs.get(), FSMOUNT_CLOEXEC,
                    attributes | (use == DiskUse::Read ? MOUNT_ATTR_RDONLY : 0)));
    if (!tree)
        throw SysError(errno, "mount", device, kCannotMount);
    return tree;
}

MappedDevice make_device(const std::string& name, const DiskImage& disk, const Partition& partition,
                         DiskUse use) {
    std::vector<LoopDevice> loops;
    std::vector<dev_t> numbers;
    for (const ImageFile& image : disk.files()) {
        loops.push_back(attach_loop(image.file, image.path));
        numbers.push_back(loops.back().number);
    }
    return MappedDevice::make(name, map_part(disk.map(), partition.start, partition.length),
                              numbers, use == DiskUse::Read);
}

Fd mount_to_look(const DiskImage& disk) {
    const MappedDevice device =
        make_device(make_passing_name(), disk, find_file_system(disk), DiskUse::Read);
    return mount_file_system(device.path(), DiskUse::Read);
}

}  // namespace vps

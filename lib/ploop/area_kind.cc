#include "ploop/area_kind.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>

#include "ploop/disk_descriptor.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr const char* kMark = "trusted.systemd-vps.files";

// The type of what has this name in the directory, of a link itself; 0 where nothing has.
mode_t type_in(FdRef directory, const std::string& name, int flags = AT_SYMLINK_NOFOLLOW) {
    struct stat status {};
    if (fstatat(directory.get(), name.c_str(), &status, flags) == 0)
        return status.st_mode & S_IFMT;
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
        throw SysError(errno, "look at", name);
    return 0;
}

// No name of the area itself: a descriptor may be one that only names a place (O_PATH).
std::string path_of(FdRef area) {
    return fmt::format("/proc/self/fd/{}", area.get());
}

bool is_marked(FdRef area) {
    return getxattr(path_of(area).c_str(), kMark, nullptr, 0) >= 0;
}

bool holds_a_system(FdRef area) {
    for (const char* name : {"etc", "sbin", "usr"})
        if (type_in(area, name) != 0)
            return true;
    return false;
}

}  // namespace

DiskMaker find_disk_maker(FdRef area) {
    const std::string descriptor = fmt::format("{}/{}", kDiskDirectory, kDescriptor);
    if (type_in(area, descriptor, 0) == 0)
        return DiskMaker::None;
    const bool is_plain =
        type_in(area, kDiskDirectory) == S_IFDIR && type_in(area, descriptor) == S_IFREG;
    return is_plain && !is_marked(area) && !holds_a_system(area) ? DiskMaker::Host : DiskMaker::Vps;
}

void mark_as_files(FdRef area) {
    if (!is_marked(area))
        (void)setxattr(path_of(area).c_str(), kMark, "", 0, 0);  // a file system may have none
}

AreaKind find_area_kind(const VpsConfig& config, DiskMaker maker, const std::string& area) {
    switch (config.layout) {
        case Layout::Ploop:
            if (maker == DiskMaker::None)
                throw Error(
                    ExitCode::NoPrivateArea,
                    fmt::format("the ploop image '{}/{}/{}' does not exist, but VE_LAYOUT is ploop",
                                area, kDiskDirectory, kDescriptor));
            return AreaKind::Disk;
        case Layout::Simfs:
            if (maker == DiskMaker::Host)
                throw Error(
                    ExitCode::Ploop,
                    fmt::format("the private area '{0}' is a ploop image, but VE_LAYOUT is simfs; "
                                "remove that line, or move '{0}/{1}' away if the files beside it "
                                "are the VPS's",
                                area, kDiskDirectory));
            return AreaKind::Files;
        case Layout::Unset:
            break;
    }
    return maker == DiskMaker::Host ? AreaKind::Disk : AreaKind::Files;
}

std::optional<std::string> explain_disk_of_vps(const VpsConfig& config, DiskMaker maker,
                                               const std::string& area) {
    if (maker != DiskMaker::Vps || config.layout != Layout::Unset)
        return std::nullopt;
    return fmt::format(
        "'{}/{}' is taken for a file of the VPS, whose root may have made it; VE_LAYOUT=\"ploop\" "
        "says that it is the VPS's disk, VE_LAYOUT=\"simfs\" that it is not",
        area, kDiskDirectory);
}

}  // namespace vps

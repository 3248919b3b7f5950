#include "list/disk_use.hh"

#include <fcntl.h>
#include <sys/statfs.h>

#include <cstdint>

#include "quota/project_quota.hh"
#include "sys/error.hh"
#include "sys/fd.hh"

namespace vps {

namespace {

// The file system in an image is full when the VPS's disk is.
bool read_image(ListedVps& vps, const std::string& root) {
    struct statfs disk {};
    if ((!vps.runs() && vps.status != StatusWord::Word::Mounted) || !vps.config.ve_root ||
        statfs((root + *vps.config.ve_root).c_str(), &disk) < 0)
        return false;
    const auto block = static_cast<std::uint64_t>(disk.f_bsize);
    const std::uint64_t size = disk.f_blocks * block / 1024;
    vps.diskspace = {(disk.f_blocks - disk.f_bfree) * block / 1024, size, size};
    vps.diskinodes = {disk.f_files - disk.f_ffree, disk.f_files, disk.f_files};
    return true;
}

bool read_quota(ListedVps& vps, const std::string& root) {
    if (!vps.config.ve_private)
        return false;
    const Fd area(open((root + *vps.config.ve_private).c_str(), O_PATH | O_CLOEXEC));
    if (!area)
        return false;
    try {
        const ProjectState project = read_project(area, vps.veid.value());
        const ProjectLimits& limits = project.limits;
        if (limits == ProjectLimits{} && project.files == 0)
            return false;
        vps.diskspace = {project.bytes / 1024, limits.soft_blocks, limits.hard_blocks};
        vps.diskinodes = {project.files, limits.soft_files, limits.hard_files};
        return true;
    } catch (const SysError&) {
        return false;  // a file system without quota
    }
}

}  // namespace

void read_disk(ListedVps& vps, const std::string& root) {
    const VpsConfig& config = vps.config;
    if (vps.is_ploop && read_image(vps, root))
        return;
    if (read_quota(vps, root))
        return;
    if (config.diskspace)
        vps.diskspace = {0, config.diskspace->barrier, config.diskspace->limit};
    if (config.diskinodes)
        vps.diskinodes = {0, config.diskinodes->barrier, config.diskinodes->limit};
}

}  // namespace vps

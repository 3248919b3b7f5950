#include "ploop/check_disk.hh"

#include <fmt/format.h>

#include "ploop/device_mapper.hh"
#include "ploop/disk_image.hh"
#include "ploop/file_system.hh"
#include "ploop/mount_disk.hh"

namespace vps {

void check_disk(Veid veid, FdRef directory, const std::string& path, FileSystemCheck kind,
                FdRef request, const Log& log) {
    remove_left_devices();
    const bool repair = kind == FileSystemCheck::Mend;
    DiskImage disk =
        DiskImage::open(directory, path, repair ? ImageAccess::Write : ImageAccess::Read);
    if (repair)
        require_one_image(veid, disk);
    const Partition partition = find_file_system(disk);
    const DiskUse use = repair ? DiskUse::Write : DiskUse::Read;
    if (repair)
        disk.begin_writing();
    {
        const MappedDevice device = make_device(make_passing_name(), disk, partition, use);
        check_file_system(
            device.path(), kind,
            repair ? std::string()
                   : fmt::format("; mend it with: vps-ploop check --repair {}", veid.value()),
            request, log);
    }
    if (repair)
        mark_in_use(disk.top().file, disk.top().path, false);
}

}  // namespace vps

// The disk of a VPS as a mount: a loop device of the image, a device-mapper device of the partition
// on it, its ext4 file system. The kernel removes both devices with the last user of the file
// system. Callers are root in the host context.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "ploop/disk_image.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Throws Error CannotMount where the disk has snapshots, which are merged before it is written to,
// or a snapshot lies on it.
void require_one_image(Veid veid, const DiskImage& disk);

// The name, for device mapper, of the device of a VPS's disk while it is mounted.
std::string name_of_disk_device(Veid veid);

struct DiskMount {
    Veid veid;
    std::string area;  // the private area, with root.hdd
    std::string mount_point;
    const std::vector<std::string>& options;  // MOUNT_OPTS
    FdRef request;                            // can be read when the start is to end
    // Notes the path of the image on disk before it is marked as in use, for close_disk(); with an
    // empty path that nothing is owed any more.
    std::function<void(const std::string& image)> note;
};

// Mounts the disk for writing. Throws Error CannotMount: the image is broken, open elsewhere, a
// chain of images, or its file system cannot be mended or mounted; System when it is told to end.
// The image is then as it was.
void mount_disk(const DiskMount& mount, const Log& log);

// Before the file system is dismounted: has it write what it has in memory, because a dismounting
// does not say whether that could be written. Throws Error System: it could not, now or, unless a
// process of the VPS was told, before.
void flush_disk(const std::string& mount_point, const std::string& image);

// After the file system was dismounted, or a start was cut off: waits until the devices have gone,
// and takes the mark "in use" off the image. An image whose file system is still in use somewhere
// keeps the mark, with a warning. Throws Error System where the file system is not clean, and the
// image keeps the mark, or where that cannot be read or written.
void close_disk(Veid veid, const std::string& image, const Log& log);

}  // namespace vps

// The file system on a disk of ploop images, and its mount before it is anywhere in the tree. For
// root in the host context.
#pragma once

#include <string>
#include <vector>

#include "ploop/device_mapper.hh"
#include "ploop/disk_image.hh"
#include "ploop/partition.hh"
#include "sys/fd.hh"

namespace vps {

// The partition of the disk that has its file system. Throws Error CannotMount where there is none
// that is mounted.
Partition find_file_system(const DiskImage& disk);

// Whether the file system was not dismounted: a part of it is in its journal alone.
bool needs_journal(const DiskImage& disk);

// Whether it was dismounted well, and has met no error.
bool is_clean(const DiskImage& disk);

// Read: nothing is written, the journal is left as it is.
enum class DiskUse { Write, Read };

// A mount of the file system on a device, with these options (MOUNT_OPTS) and without those of its
// own superblock that could harm the host. It goes with the descriptor unless it is attached.
// Throws Error CannotMount.
Fd mount_file_system(const std::string& device, DiskUse use,
                     const std::vector<std::string>& options = {});

// The disk as it is, read-only, without a trace in its files; a chain of images, too. It goes with
// the descriptor, and the devices with it. Throws Error CannotMount.
Fd mount_to_look(const DiskImage& disk);

// A device of the disk's file system, read-only; for a writer, after DiskImage::begin_writing(),
// the disk has one file.
MappedDevice make_device(const std::string& name, const DiskImage& disk, const Partition& partition,
                         DiskUse use);

}  // namespace vps

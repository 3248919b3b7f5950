// The disk below a directory, in the form that I/O limits of cgroups need.
#pragma once

#include <string>
#include <vector>

namespace vps {

// The whole disks that a limit for `path` may be kept on, as "MAJOR:MINOR": the disk of its own
// device, then the disks below device mapper or md, as long as each has one device, as systemd
// follows them. None for a file system without a device of its own (tmpfs, NFS, overlay) or with
// several (btrfs). `sys_root` is the directory of sys. Throws SysError.
std::vector<std::string> find_disks(const std::string& path, const std::string& sys_root = "");

// The disks of a device, named by its numbers.
std::vector<std::string> disks_of(const std::string& device, const std::string& sys_root = "");

// The words for a path that has no such disk.
std::string explain_no_disk(const std::string& path);

}  // namespace vps

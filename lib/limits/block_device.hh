// The disk below a directory, as I/O limits of cgroups want it.
#pragma once

#include <string>
#include <vector>

namespace vps {

// The whole disks that a limit for `path` may be kept on, as "MAJOR:MINOR": that of its own device,
// then what device mapper or md made it of, as long as that is one device, as systemd follows it.
// None for a file system without a device of its own (tmpfs, NFS, overlay) or with more than one
// (btrfs). `sys_root` is where sys is. Throws SysError.
std::vector<std::string> find_disks(const std::string& path, const std::string& sys_root = "");

// The same of a device by its numbers.
std::vector<std::string> disks_of(const std::string& device, const std::string& sys_root = "");

// What to say about a path for which there are none.
std::string explain_no_disk(const std::string& path);

}  // namespace vps

// Subvolumes of btrfs (btrfs-ioctl(2)): a snapshot of one is a step of milliseconds, however large
// it is. A subvolume that lies in another one is no part of the other's snapshot for btrfs; here it
// is. Callers are root in the host context.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Whether this directory is the top of a subvolume.
bool is_subvolume(FdRef directory);
bool is_subvolume(const std::string& path);

// Makes the subvolume `name` in `to`, with what is in `from` now, and likewise each subvolume below
// it. It can be written to. Throws SysError, and leaves what it has made.
void snapshot_subvolume(FdRef from, FdRef to, const std::string& name);

// Nobody can write to the subvolume and those below it from then on. Throws SysError.
void protect_subvolume(FdRef subvolume);

// Removes a subvolume with all below it. Throws SysError.
void delete_subvolume(FdRef parent, const std::string& name);

}  // namespace vps

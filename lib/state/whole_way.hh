// The directories above a bind mount of a part of a file system: no path leads from there to them,
// and whoever is root in the part and in one of them has the same files.
#pragma once

#include <string>
#include <vector>

#include "state/place.hh"
#include "sys/mount.hh"

namespace vps {

// The directories of the place's file system that hold the root of the mount that shows it, as far
// as another mount of this mount namespace shows them, the highest first. Empty where the mount
// shows all of its file system. Reads the table of mounts once. Throws SysError.
std::vector<DirectoryId> find_way_above_mount(const std::string& path);

// The same by a table of mounts and the id of the mount. Directories are looked at.
std::vector<DirectoryId> find_way_above_mount(const std::vector<MountEntry>& mounts, int id);

}  // namespace vps

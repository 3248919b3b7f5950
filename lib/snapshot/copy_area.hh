// A copy of a private area, or of a snapshot of it, by what its file system has: a snapshot of a
// subvolume of btrfs, or reflinks file by file. Callers are root in the host context.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace vps {

enum class CopyKind {
    Subvolume,  // at once
    Reflinks,   // file by file, in a time that grows with their number
};

// How the tree `from` can be copied to a place in the directory `to`, which is beside it. Throws
// Error System where the file system can do neither, with what can be done about it.
CopyKind find_copy_kind(const std::string& from, const std::string& to);

// `tick` gets the number of files so far, and may throw to end the work. Throws SysError; what was
// made is to be removed then.
using CopyTick = std::function<void(std::uint64_t)>;
void copy_tree(CopyKind kind, const std::string& from, const std::string& to, const CopyTick& tick);

// Nobody writes to a copy that is a subvolume from then on. Throws SysError.
void protect_copy(const std::string& path);

// Removes a directory and all in it, subvolumes among it, where there is one. Nothing is mounted in
// it. Throws Error System.
void remove_copy(const std::string& path);

// Likewise, with a directory of directories with copies. One that is not there is no error.
void remove_copies(const std::string& path);

}  // namespace vps

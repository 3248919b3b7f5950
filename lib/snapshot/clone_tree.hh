// A copy of a directory tree, file by file, whose files share their blocks with the originals
// (FICLONE of ioctl_ficlone(2): reflinks) until one of the two is written to. The copy has owners,
// modes, times, attributes with ACLs and capabilities, links, hard links and nodes of the tree. Not
// copied are what is mounted in the tree, open files without a name, and flags of chattr(1).
// Callers are root in the host context; the tree may be a customer's, who changes it meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sys/fd.hh"

namespace vps {

// Whether files in this directory can share their blocks. It is tried.
bool can_clone(FdRef directory);

// Makes the directory `to` a copy of the directory `from`. Both are below `parent`, in one file
// system, and are named relative to it. `tick` gets the number of files so far; it may throw to end
// the work. Throws SysError, and leaves what it has made.
void clone_tree(const std::string& parent, const std::string& from, const std::string& to,
                const std::function<void(std::uint64_t)>& tick);

}  // namespace vps

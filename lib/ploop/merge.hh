// Snapshots become one image again: what the images above the lowest have is copied into that, then
// the descriptor names it alone. Callers are root, while nobody has the disk open.
//
// Until the last step the upper images still say what is on the disk, so that a merge that is cut
// off (Ctrl-C, a power cut) has changed nothing of it, and the next one does the same again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sys/fd.hh"

namespace vps {

// Called now and then with the bytes that are done, and all. Ends the work by throwing.
using TellProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

// How many images were merged into the lowest one; 0 where there is but one. Throws Error
// CannotMount: as DiskImage::open() does, other branches of snapshots, a lowest image that cannot
// be as large as the disk is now, no room; SysError.
std::size_t merge_disk(FdRef directory, const std::string& path, const TellProgress& tell);

}  // namespace vps

// A disk in another form: one image of another kind, or the files of the VPS in a directory. The
// copy is made beside the original, which stays where it is until the copy is whole and compared,
// and under another name after that. A conversion that is cut off is begun anew by the next one,
// and has changed nothing. Callers are root, while nobody has the disk open.
#pragma once

#include <cstdint>
#include <string>

#include "ploop/disk_descriptor.hh"
#include "ploop/disk_image.hh"
#include "ploop/merge.hh"

namespace vps {

// Compare: the sizes of images; owners, modes, sizes, times, links and attributes of files. Verify:
// every byte, too.
enum class Comparison { Compare, Verify };

// The room that a copy of this kind takes at most.
std::uint64_t bytes_of_copy(const DiskImage& disk, ImageType type);

// Replaces `directory` (root.hdd) by one with one image of this kind, without the disk's zeros and
// in the order of its clusters. Returns the path of the original, directory + ".orig". Throws Error
// CannotMount as DiskImage::open() does, and where there is no room or an original of an earlier
// conversion; System where the copy differs; SysError.
std::string convert_image(const std::string& directory, ImageType type, Comparison comparison,
                          const TellProgress& tell);

// Replaces `area` (VE_PRIVATE) by a directory with the files of its disk. Returns the path of the
// original, area + ".ploop". Throws likewise.
std::string convert_to_files(const std::string& area, Comparison comparison,
                             const TellProgress& tell);

}  // namespace vps

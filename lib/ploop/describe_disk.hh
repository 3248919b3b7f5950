// A disk of ploop images in words, for people.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Lines about the disk, its file system and each of its images. `directory` has the descriptor,
// `path` is its name. Changes nothing, and the disk may be in use. Throws Error.
std::string describe_disk(FdRef directory, const std::string& path);

}  // namespace vps

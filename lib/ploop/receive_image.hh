// The stream of `ploop copy`, with which an OpenVZ node sends the top image of a VPS that runs:
// packets, each with its place in the image, of which a later one replaces what an earlier one had
// there. (OpenVZ's ploop 1.9 to 1.15: a marker, u32 size, u64 place, then the bytes; a size of 4
// asks for a sync, a size of 0 is the end.) The stream is another host's.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Makes the file `path`, which must not be there, of what the stream has, synced. A stream that
// breaks off leaves no file. Throws Error System, SysError.
void receive_image(FdRef stream, const std::string& path);

}  // namespace vps

// The first 64 bytes of a ploop image, versions 1 and 2 (libploop's ploop_pvd_header; QEMU's
// docs/interop/parallels.txt). The bytes are another host's: each number is checked before it
// counts. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vps {

inline constexpr std::uint64_t kSector = 512;  // bytes; every place and length here is in sectors
inline constexpr std::size_t kHeaderBytes = 64;

struct ImageHeader {
    unsigned version = 2;          // 1: the table names sectors, 2: clusters
    std::uint32_t cluster = 2048;  // sectors in a cluster
    std::uint32_t entries = 0;     // of the table, which follows the header
    std::uint64_t size = 0;        // of the disk
    bool in_use = false;           // open for writing, or was when its host went down
    std::uint32_t first_data = 0;  // the first sector that a cluster may have
    std::uint32_t flags = 0;       // bit 0: nothing was ever written
    std::uint64_t extension = 0;   // the place of changed-block tracking; 0: none
    bool operator==(const ImageHeader&) const = default;
};

// Throws Error CannotMount, which says what is wrong.
ImageHeader parse_image_header(std::string_view bytes);

// The fields that writing to an image changes, in the bytes that the header was read from: size,
// in_use, flags, extension. `bytes` has kHeaderBytes.
void put_changes(const ImageHeader& header, std::string& bytes);

// The bytes of a new image's header.
std::string format_image_header(const ImageHeader& header);

}  // namespace vps

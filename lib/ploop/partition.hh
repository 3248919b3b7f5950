// The file system on a disk: its partition by the disk's GPT (UEFI specification, 5.3), and what an
// ext4 superblock says that decides about mounting it. All bytes are the VPS's. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vps {

struct Partition {
    std::uint64_t start, length;  // sectors
    bool operator==(const Partition&) const = default;
};

// Returns so many bytes from a sector of the disk on.
using ReadDisk = std::function<std::string(std::uint64_t sector, std::size_t bytes)>;

// The first partition, or the whole disk where a file system begins with it. Throws Error
// CannotMount.
Partition find_partition(const ReadDisk& read, std::uint64_t size);

// The place of the superblock in a file system, and as much of it as is looked at.
inline constexpr std::uint64_t kSuperblockSector = 2;
inline constexpr std::size_t kSuperblockBytes = 1024;

// The reason why the file system with this superblock is not mounted: it is not ext4 (3, 2), or has
// its journal on another device, which would be one of this host's; nothing where there is none.
std::optional<std::string> find_objection(std::string_view superblock);

// Whether the file system was not dismounted: a part of it is in its journal alone.
bool needs_journal(std::string_view superblock);

// Whether the file system was dismounted, had its last word written, and has met no error.
bool is_clean(std::string_view superblock);

}  // namespace vps

#include "ploop/partition.hh"

#include <fmt/format.h>

#include "ploop/image_header.hh"
#include "ploop/little_endian.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::uint64_t kGptSector = 1;
constexpr std::size_t kEntriesSectorAt = 72, kEntryCountAt = 80, kEntryBytesAt = 84;
constexpr std::size_t kTypeBytes = 16, kFirstAt = 32, kLastAt = 40, kEntryBytes = 128;

constexpr std::size_t kMagicAt = 56, kStateAt = 58, kIncompatibleAt = 96, kJournalDeviceAt = 228;
constexpr std::uint16_t kMagic = 0xEF53;
constexpr std::uint16_t kIsValid = 0x1, kHasErrors = 0x2;  // of the state
constexpr std::uint32_t kIsJournalDevice = 0x8, kNeedsRecovery = 0x4;

bool is_ext4(std::string_view superblock) {
    return superblock.size() >= kSuperblockBytes && get_le16(superblock, kMagicAt) == kMagic;
}

[[noreturn]] void refuse(const std::string& text) {
    throw Error(ExitCode::CannotMount, text);
}

}  // namespace

Partition find_partition(const ReadDisk& read, std::uint64_t size) {
    constexpr std::uint64_t kFewest = kSuperblockSector + kSuperblockBytes / kSector;
    if (size < kFewest)
        refuse("the disk is too small for a file system");
    const std::string gpt = read(kGptSector, kSector);
    if (!gpt.starts_with("EFI PART")) {
        if (is_ext4(read(kSuperblockSector, kSuperblockBytes)))
            return {0, size};
        refuse("the disk has neither a table of partitions (GPT) nor an ext4 file system");
    }
    const std::uint64_t entries = get_le64(gpt, kEntriesSectorAt);
    if (entries >= size || get_le32(gpt, kEntryCountAt) == 0 ||
        get_le32(gpt, kEntryBytesAt) < kEntryBytes)
        refuse("the disk's table of partitions (GPT) is broken");
    const std::string entry = read(entries, kSector);
    const std::uint64_t first = get_le64(entry, kFirstAt), last = get_le64(entry, kLastAt);
    if (entry.find_first_not_of('\0') >= kTypeBytes)
        refuse("the disk has no first partition");
    if (first > last || last >= size || last - first < kFewest)
        refuse(fmt::format("the first partition has the sectors {} to {} of a disk of {}", first,
                           last, size));
    return {first, last - first + 1};
}

std::optional<std::string> find_objection(std::string_view superblock) {
    if (!is_ext4(superblock))
        return "there is no ext4 file system on the disk";
    if ((get_le32(superblock, kIncompatibleAt) & kIsJournalDevice) != 0)
        return "the disk has a journal and no file system";
    if (get_le32(superblock, kJournalDeviceAt) != 0)
        return "the file system has its journal on another device, which would be one of this host";
    return std::nullopt;
}

bool needs_journal(std::string_view superblock) {
    return is_ext4(superblock) && (get_le32(superblock, kIncompatibleAt) & kNeedsRecovery) != 0;
}

bool is_clean(std::string_view superblock) {
    return is_ext4(superblock) && !needs_journal(superblock) &&
           (get_le16(superblock, kStateAt) & (kIsValid | kHasErrors)) == kIsValid;
}

}  // namespace vps

#include "ploop/image_header.hh"

#include <fmt/format.h>

#include <bit>

#include "ploop/little_endian.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::string_view kSignature1 = "WithoutFreeSpace", kSignature2 = "WithouFreSpacExt";
constexpr std::uint32_t kFormat = 2;             // the only one there ever was
constexpr std::uint32_t kInUse = 0x746F6E59;     // libploop's SIGNATURE_DISK_IN_USE
constexpr std::uint32_t kMostEntries = 1 << 24;  // 16 TiB in clusters of 1 MiB, ploop's own limit
constexpr std::uint32_t kLeastCluster = 8, kMostCluster = 1 << 17;  // 4 KiB, 64 MiB

constexpr std::size_t kFormatAt = 16, kClusterAt = 28, kEntriesAt = 32, kSizeAt = 36, kInUseAt = 44,
                      kFirstDataAt = 48, kFlagsAt = 52, kExtensionAt = 56;

[[noreturn]] void refuse(const std::string& text) {
    throw Error(ExitCode::CannotMount, text);
}

void require_geometry(const ImageHeader& header) {
    if (!std::has_single_bit(header.cluster) || header.cluster < kLeastCluster ||
        header.cluster > kMostCluster)
        refuse(fmt::format("its clusters have {} sectors, which is no power of two from {} to {}",
                           header.cluster, kLeastCluster, kMostCluster));
    if (header.entries > kMostEntries)
        refuse(fmt::format("its table has {} entries, more than {}", header.entries, kMostEntries));
    if (header.size == 0)
        refuse("its disk has no sector");
    if (header.size > std::uint64_t{header.entries} * header.cluster)
        refuse(fmt::format("its disk has {} sectors, more than the table's {} clusters of {}",
                           header.size, header.entries, header.cluster));
    const std::uint64_t table_end = kHeaderBytes + 4 * std::uint64_t{header.entries};
    if (header.first_data * kSector < table_end)
        refuse(fmt::format("its data begins at sector {}, within the table, which ends at byte {}",
                           header.first_data, table_end));
    if (header.first_data % header.cluster != 0)
        refuse(fmt::format("its data begins at sector {}, which is no multiple of a cluster's {}",
                           header.first_data, header.cluster));
}

}  // namespace

ImageHeader parse_image_header(std::string_view bytes) {
    if (bytes.size() < kHeaderBytes)
        refuse(fmt::format("has {} bytes, fewer than a ploop image's header", bytes.size()));
    ImageHeader header;
    const std::string_view signature = bytes.substr(0, kSignature1.size());
    if (signature == kSignature1)
        header.version = 1;
    else if (signature != kSignature2)
        refuse("begins with no signature of a ploop image");
    if (const auto format = get_le32(bytes, kFormatAt); format != kFormat)
        refuse(fmt::format("is a ploop image of format {}, not {}", format, kFormat));
    header.cluster = get_le32(bytes, kClusterAt);
    header.entries = get_le32(bytes, kEntriesAt);
    header.size = header.version == 1 ? get_le32(bytes, kSizeAt) : get_le64(bytes, kSizeAt);
    header.in_use = get_le32(bytes, kInUseAt) == kInUse;
    header.first_data = get_le32(bytes, kFirstDataAt);
    header.flags = get_le32(bytes, kFlagsAt);
    header.extension = get_le64(bytes, kExtensionAt);
    require_geometry(header);
    return header;
}

void put_changes(const ImageHeader& header, std::string& bytes) {
    if (header.version == 1)
        put_le32(bytes, kSizeAt, static_cast<std::uint32_t>(header.size));
    else
        put_le64(bytes, kSizeAt, header.size);
    put_le32(bytes, kInUseAt, header.in_use ? kInUse : 0);
    put_le32(bytes, kFlagsAt, header.flags);
    put_le64(bytes, kExtensionAt, header.extension);
}

std::string format_image_header(const ImageHeader& header) {
    std::string bytes(header.version == 1 ? kSignature1 : kSignature2);
    bytes.resize(kHeaderBytes, '\0');
    put_le32(bytes, kFormatAt, kFormat);
    put_le32(bytes, kClusterAt, header.cluster);
    put_le32(bytes, kEntriesAt, header.entries);
    put_le32(bytes, kFirstDataAt, header.first_data);
    put_changes(header, bytes);
    return bytes;
}

}  // namespace vps

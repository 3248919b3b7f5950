// libFuzzer target: any bytes as a ploop image's header and table, and as a DiskDescriptor.xml.

#include <algorithm>
#include <limits>

#include "ploop/cluster_table.hh"
#include "ploop/disk_descriptor.hh"
#include "ploop/disk_map.hh"
#include "ploop/image_header.hh"
#include "ploop/partition.hh"
#include "require.hh"
#include "sys/error.hh"

using namespace vps;

namespace {

// Every sector once, none outside of the file.
void require_whole(const DiskMap& map, std::uint64_t size, std::uint64_t file_sectors) {
    std::uint64_t next = 0;
    for (const Run& run : map) {
        require(run.start == next && run.length > 0, "a gap", std::to_string(run.start));
        require(!run.layer || run.at + run.length <= file_sectors, "outside of the file",
                std::to_string(run.at));
        next += run.length;
    }
    require(next == size, "an end elsewhere", std::to_string(next));
}

void read_image(std::string_view text) {
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 16;  // clusters: maps are not the target
    const std::uint64_t file_bytes = text.size() << 12;
    const ImageHeader header = parse_image_header(text);
    std::string bytes(text.substr(0, kHeaderBytes));
    put_changes(header, bytes);
    require(parse_image_header(bytes) == header, "another header", bytes);
    if (header.entries > kLargest)
        return;
    const ClusterTable table = parse_cluster_table(header, text.substr(kHeaderBytes));
    require(parse_cluster_table(header, format_cluster_table(header, table)) == table,
            "another table", bytes);
    if (find_fault(header, table, file_bytes))
        return;
    require_whole(map_disk({{header.size, header.cluster, table}}), header.size,
                  file_bytes / kSector);
    const CompleteTable complete = complete_table(header, table, file_bytes);
    const std::uint64_t end = std::max(file_bytes, complete.file_end * kSector);
    require(!find_fault(header, complete.table, end), "a fault of our own", bytes);
    require(std::count(complete.table.begin(), complete.table.end(), kHole) == 0, "a hole", bytes);
    const DiskMap map = map_disk({{header.size, header.cluster, complete.table}});
    require_whole(map, header.size, end / kSector);
    const std::uint64_t start = header.size / 3, length = header.size - start;
    require_whole(map_part(map, start, length), length, end / kSector);
}

void read_descriptor(std::string_view text) {
    const DiskDescriptor disk = parse_disk_descriptor(text, "/d");
    for (const DescribedImage& image : disk.images)
        require(!image.file.empty() && image.file.find('/') == image.file.npos &&
                    image.file != ".." && image.file != ".",
                "a file elsewhere", image.file);
    require(!find_chain(disk).empty(), "an empty chain", std::string(text));
}

void read_disk(std::string_view text) {
    const std::uint64_t size = text.size() / kSector;
    const auto read = [&](std::uint64_t sector, std::size_t bytes) {
        require(sector < size, "a sector beyond the end", std::to_string(sector));
        std::string piece(text.substr(static_cast<std::size_t>(sector * kSector), bytes));
        piece.resize(bytes, '\0');
        return piece;
    };
    const Partition found = find_partition(read, size);
    require(found.start < size && found.length <= size - found.start, "a partition elsewhere",
            std::to_string(found.start));
    (void)find_objection(read(found.start + kSuperblockSector, kSuperblockBytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    for (const auto read : {read_image, read_descriptor, read_disk})
        try {
            read(text);
        } catch (const Error&) {
            // refused
        }
    return 0;
}

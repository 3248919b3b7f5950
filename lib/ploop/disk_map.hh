// Where the sectors of a disk lie: in which file of a chain, and at which place. The form of a
// device-mapper table, as plain data. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ploop/cluster_table.hh"

namespace vps {

// A file of a chain of images. An image without a table is the disk itself, sector by sector.
struct Layer {
    std::uint64_t size = 0;  // sectors of the disk as this file knows it
    std::uint32_t cluster = 2048;
    std::optional<ClusterTable> table{};
};

// Sectors that follow each other on the disk and in the file.
struct Run {
    std::uint64_t start, length;       // on the disk
    std::optional<std::size_t> layer;  // none: zeros
    std::uint64_t at = 0;              // in the layer's file
    bool operator==(const Run&) const = default;
};
using DiskMap = std::vector<Run>;

// All sectors of the last layer's disk, in order and without a gap. A layer has what those above it
// have not; the first is the lowest. Throws Error CannotMount where the map has more runs than the
// kernel is asked to keep.
DiskMap map_disk(const std::vector<Layer>& layers);

// The part of the map that is a partition, counted from its own first sector. The partition lies
// within the map.
DiskMap map_part(const DiskMap& disk, std::uint64_t start, std::uint64_t length);

}  // namespace vps

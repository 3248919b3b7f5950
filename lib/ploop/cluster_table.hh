// The table of a ploop image (BAT): for each cluster of the disk its place in the file, or that the
// cluster was never written, a hole. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ploop/image_header.hh"

namespace vps {

inline constexpr std::uint64_t kHole = 0;

// The first sector of each cluster in the file, kHole for those that it does not have.
using ClusterTable = std::vector<std::uint64_t>;

// `bytes` follow the header, four for each entry. Throws Error CannotMount.
ClusterTable parse_cluster_table(const ImageHeader& header, std::string_view bytes);

// What is wrong with the table of a file with so many bytes: a cluster before the data, in between
// two places, beyond the end, or at the place of another; nothing where it can be used.
std::optional<std::string> find_fault(const ImageHeader& header, const ClusterTable& table,
                                      std::uint64_t file_bytes);

// A table without holes.
struct CompleteTable {
    ClusterTable table;
    std::uint64_t file_end;  // sectors
};

// Gives each hole a place behind the end of the file, where nothing but zeros can be. Throws Error
// CannotMount where the numbers of such places have no room in a table.
CompleteTable complete_table(const ImageHeader& header, const ClusterTable& table,
                             std::uint64_t file_bytes);

std::string format_cluster_table(const ImageHeader& header, const ClusterTable& table);

}  // namespace vps

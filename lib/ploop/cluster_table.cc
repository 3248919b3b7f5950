#include "ploop/cluster_table.hh"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ploop/little_endian.hh"
#include "sys/error.hh"

namespace vps {

namespace {

// The sectors for which one step of an entry stands.
std::uint64_t unit_of(const ImageHeader& header) {
    return header.version == 1 ? 1 : header.cluster;
}

}  // namespace

ClusterTable parse_cluster_table(const ImageHeader& header, std::string_view bytes) {
    if (bytes.size() < 4 * std::size_t{header.entries})
        throw Error(ExitCode::CannotMount, "ends within its table of clusters");
    ClusterTable table(header.entries);
    for (std::size_t i = 0; i < table.size(); ++i)
        table[i] = get_le32(bytes, 4 * i) * unit_of(header);
    return table;
}

std::optional<std::string> find_fault(const ImageHeader& header, const ClusterTable& table,
                                      std::uint64_t file_bytes) {
    const std::uint64_t file_end = file_bytes / kSector;
    std::vector<std::pair<std::uint64_t, std::size_t>> places;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const std::uint64_t at = table[i];
        if (at == kHole)
            continue;
        if (at < header.first_data)
            return fmt::format("cluster {} lies at sector {}, before the data, which begins at {}",
                               i, at, header.first_data);
        if (at % header.cluster != 0)
            return fmt::format(
                "cluster {} lies at sector {}, which is no multiple of a cluster's "
                "{}",
                i, at, header.cluster);
        if (at + header.cluster > file_end)
            return fmt::format(
                "cluster {} lies at sector {}, beyond the end of the file, which "
                "has {}",
                i, at, file_end);
        places.emplace_back(at, i);
    }
    std::sort(places.begin(), places.end());
    const auto twice = std::adjacent_find(places.begin(), places.end(),
                                          [](auto& a, auto& b) { return a.first == b.first; });
    if (twice == places.end())
        return std::nullopt;
    return fmt::format("clusters {} and {} both lie at sector {}", twice->second,
                       (twice + 1)->second, twice->first);
}

CompleteTable complete_table(const ImageHeader& header, const ClusterTable& table,
                             std::uint64_t file_bytes) {
    const std::uint64_t cluster_bytes = header.cluster * kSector;
    const std::uint64_t clusters = (file_bytes + cluster_bytes - 1) / cluster_bytes;
    CompleteTable complete{table,
                           std::max<std::uint64_t>(header.first_data, clusters * header.cluster)};
    for (std::uint64_t& at : complete.table)
        if (at == kHole) {
            at = complete.file_end;
            complete.file_end += header.cluster;
        }
    if (complete.table != table &&
        complete.file_end / unit_of(header) > std::numeric_limits<std::uint32_t>::max())
        throw Error(
            ExitCode::CannotMount,
            fmt::format("its table has no room for all {} clusters of the disk", table.size()));
    return complete;
}

std::string format_cluster_table(const ImageHeader& header, const ClusterTable& table) {
    std::string bytes(4 * table.size(), '\0');
    for (std::size_t i = 0; i < table.size(); ++i)
        put_le32(bytes, 4 * i, static_cast<std::uint32_t>(table[i] / unit_of(header)));
    return bytes;
}

}  // namespace vps

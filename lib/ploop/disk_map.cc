#include "ploop/disk_map.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sys/error.hh"

namespace vps {

namespace {

// A run costs the kernel some 120 bytes that nobody pays for. A million clusters that are scattered
// to the last are no disk that anybody worked with.
constexpr std::size_t kMostRuns = 1 << 18;

// Whether `next` goes on where `last` ends.
bool joins(const Run& last, const Run& next) {
    return last.layer == next.layer && (!last.layer || last.at + last.length == next.at);
}

void append(DiskMap& map, const Run& run) {
    if (!map.empty() && joins(map.back(), run))
        map.back().length += run.length;
    else if (map.size() < kMostRuns)
        map.push_back(run);
    else
        throw Error(ExitCode::CannotMount,
                    fmt::format("its clusters are scattered over more than {} places of the file; "
                                "copy them in their order (vps-ploop convert)",
                                kMostRuns));
}

// The topmost layer that has the sectors.
Run find_run(const std::vector<Layer>& layers, std::uint64_t start, std::uint64_t length) {
    for (std::size_t i = layers.size(); i-- > 0;) {
        const Layer& layer = layers[i];
        if (start >= layer.size)
            continue;
        if (!layer.table)
            return {start, std::min(length, layer.size - start), i, start};
        const std::uint64_t at = (*layer.table)[start / layer.cluster];
        if (at != kHole)
            return {start, length, i, at + start % layer.cluster};
    }
    return {start, length, std::nullopt};
}

}  // namespace

DiskMap map_disk(const std::vector<Layer>& layers) {
    DiskMap map;
    const std::uint64_t size = layers.back().size;
    const auto cluster = std::max_element(layers.begin(), layers.end(), [](auto& a, auto& b) {
                             return (a.table ? a.cluster : 0) < (b.table ? b.cluster : 0);
                         })->cluster;
    for (std::uint64_t start = 0; start < size;) {
        const Run run = find_run(layers, start,
                                 std::min<std::uint64_t>(cluster - start % cluster, size - start));
        append(map, run);
        start += run.length;
    }
    return map;
}

DiskMap map_part(const DiskMap& disk, std::uint64_t start, std::uint64_t length) {
    DiskMap part;
    for (const Run& run : disk) {
        const std::uint64_t from = std::max(run.start, start);
        const std::uint64_t to = std::min(run.start + run.length, start + length);
        if (from < to)
            part.push_back(
                {from - start, to - from, run.layer, run.layer ? run.at + from - run.start : 0});
    }
    return part;
}

}  // namespace vps

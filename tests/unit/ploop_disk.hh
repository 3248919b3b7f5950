// Disks of ploop images, written by a test byte by byte.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include "ploop/cluster_table.hh"
#include "ploop/image_header.hh"

namespace vps::ploop_disk {

inline constexpr std::uint32_t kCluster = 8;  // sectors: small images

inline ImageHeader header_of(unsigned version, std::uint32_t clusters) {
    return {.version = version,
            .cluster = kCluster,
            .entries = clusters,
            .size = std::uint64_t{clusters} * kCluster,
            .first_data = kCluster};
}

// A cluster that is full of this letter.
inline std::string full_of(char letter) {
    return std::string(kCluster * kSector, letter);
}

// An image whose file has a cluster for each letter of `data`; `places` says for each cluster of
// the disk which of them, counted from 1, is its own, 0: none.
inline std::string image(const ImageHeader& header, const std::vector<unsigned>& places,
                         const std::string& data) {
    ClusterTable table;
    for (const unsigned place : places)
        table.push_back(place == 0 ? kHole : header.first_data + (place - 1) * kCluster);
    std::string bytes = format_image_header(header) + format_cluster_table(header, table);
    bytes.resize(header.first_data * kSector, '\0');
    for (const char letter : data)
        bytes += full_of(letter);
    return bytes;
}

inline std::string image_element(const std::string& guid, const std::string& file,
                                 const std::string& type = "Compressed") {
    return fmt::format("<Image><GUID>{}</GUID><Type>{}</Type><File>{}</File></Image>\n", guid, type,
                       file);
}

inline std::string shot_element(const std::string& guid, const std::string& parent) {
    return fmt::format("<Shot><GUID>{}</GUID><ParentGUID>{}</ParentGUID></Shot>\n", guid, parent);
}

inline constexpr const char* kNone = "{00000000-0000-0000-0000-000000000000}";

inline std::string descriptor(const std::string& images, const std::string& snapshots) {
    return "<?xml version=\"1.0\"?>\n<Parallels_disk_image>\n<StorageData><Storage>\n" + images +
           "</Storage></StorageData>\n<Snapshots>" + snapshots +
           "</Snapshots>\n</Parallels_disk_image>\n";
}

inline void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace vps::ploop_disk

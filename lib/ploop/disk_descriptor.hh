// DiskDescriptor.xml: the image files of a disk and how snapshots chain them. The text may be
// another host's: a document type (and with it every entity) is refused, names stay within the
// directory of the descriptor. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vps {

inline constexpr const char* kDescriptor = "DiskDescriptor.xml";

enum class ImageType { Ploop, Plain };  // the words of the file: Compressed, Plain

struct DescribedImage {
    std::string guid;
    ImageType type = ImageType::Ploop;
    std::string file;  // a name in the descriptor's directory
    bool operator==(const DescribedImage&) const = default;
};

struct DescribedShot {
    std::string guid, parent;
    bool operator==(const DescribedShot&) const = default;
};

struct DiskDescriptor {
    std::vector<DescribedImage> images;
    std::vector<DescribedShot> shots;
    std::string top;
    bool operator==(const DiskDescriptor&) const = default;
};

// `directory` is where the descriptor lies: old tools wrote whole paths. Throws Error CannotMount.
DiskDescriptor parse_disk_descriptor(std::string_view text, const std::string& directory);

// The images that make up the disk as it is now, the lowest first. Throws Error CannotMount where a
// parent or an image is missing, or snapshots go round in a circle.
std::vector<DescribedImage> find_chain(const DiskDescriptor& descriptor);

// A snapshot that lies on the top image of this chain, which is no top then, if there is one.
std::optional<std::string> find_snapshot_above(const DiskDescriptor& descriptor,
                                               const std::vector<DescribedImage>& chain);

// The text of a descriptor of one image, as OpenVZ's tools want it. `size` and `cluster` in
// sectors.
std::string format_disk_descriptor(std::uint64_t size, std::uint32_t cluster, ImageType type,
                                   const std::string& file);

}  // namespace vps

#include "ploop/describe_disk.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include "ploop/disk_image.hh"
#include "ploop/file_system.hh"
#include "sys/error.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

std::string describe(const ImageFile& image) {
    struct stat status {};
    if (fstat(image.file.get(), &status) < 0)
        throw SysError(errno, "look at", image.path);
    const std::uint64_t used = static_cast<std::uint64_t>(status.st_blocks) * 512;
    if (!image.header)
        return fmt::format("{}: plain, {} MiB on disk", image.path, used >> 20);
    const ImageHeader& header = *image.header;
    std::size_t clusters = 0;
    for (const std::uint64_t at : *image.layer.table)
        clusters += at != kHole;
    return fmt::format("{}: ploop version {}, {} of {} clusters of {} KiB, {} MiB on disk{}",
                       image.path, header.version, clusters, header.entries, header.cluster / 2,
                       used >> 20, header.in_use ? ", marked as in use" : "");
}

}  // namespace

std::string describe_disk(FdRef directory, const std::string& path) {
    const DiskImage disk = DiskImage::open(directory, path, ImageAccess::Look);
    const Partition partition = find_file_system(disk);
    std::string text = fmt::format(
        "disk: {} MiB, {} image{}, {} runs\nfile system: ext4, sectors {} to {}\n",
        disk.size() * kSector >> 20, disk.files().size(), disk.files().size() > 1 ? "s" : "",
        disk.map().size(), partition.start, partition.start + partition.length - 1);
    for (const ImageFile& image : disk.files())
        text += fmt::format("image: {}\n", printable(describe(image)));
    for (const std::string& other : disk.others())
        text += fmt::format("other branch: {}\n", printable(other));
    return text;
}

}  // namespace vps

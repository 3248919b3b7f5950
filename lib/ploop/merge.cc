#include "ploop/merge.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <vector>

#include "ploop/device_mapper.hh"
#include "ploop/disk_image.hh"
#include "ploop/file_bytes.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr ExitCode kCannotMount = ExitCode::CannotMount;
// The names of images that the descriptor has ceased to name: they are removed after that, and by
// the next merge where that was cut off.
constexpr const char* kMerged = "vps-ploop.merged";
constexpr std::uint64_t kPiece = 1 << 20;  // bytes that are copied at once

// What the upper images have of the disk.
std::vector<Run> upper_runs(const DiskImage& disk) {
    std::vector<Run> runs;
    for (const Run& run : disk.map())
        if (run.layer.value_or(0) > 0)
            runs.push_back(run);
    return runs;
}

std::uint64_t bytes_of(const std::vector<Run>& runs) {
    std::uint64_t sectors = 0;
    for (const Run& run : runs)
        sectors += run.length;
    return sectors * kSector;
}

void require_mergeable(const DiskImage& disk, std::uint64_t bytes) {
    const ImageFile& base = disk.files().front();
    if (!disk.others().empty())
        throw Error(kCannotMount,
                    fmt::format("there are other branches of snapshots, whose lowest image is the "
                                "same: {}; delete them with OpenVZ's tools, or copy the disk as it "
                                "is now: vps-ploop convert",
                                fmt::join(disk.others(), ", ")));
    if (base.header && disk.size() > std::uint64_t{base.header->entries} * base.header->cluster)
        throw Error(kCannotMount,
                    fmt::format("the disk was enlarged after its first snapshot, and '{}' has no "
                                "room for that in its table; copy the disk: vps-ploop convert",
                                base.path));
    if (const std::uint64_t room = room_of(base.file, base.path); room < bytes)
        throw Error(kCannotMount,
                    fmt::format("up to {} MiB are needed beside '{}', and {} are free", bytes >> 20,
                                base.path, room >> 20));
}

void copy_into_base(const DiskImage& disk, const std::vector<Run>& runs, const TellProgress& tell) {
    const ImageFile& base = disk.files().front();
    const DiskMap base_map = map_disk({base.layer});
    const std::uint64_t all = bytes_of(runs);
    std::uint64_t done = 0;
    for (const Run& run : runs)
        for (const Run& part : map_part(base_map, run.start, run.length))
            for (std::uint64_t at = 0; at < part.length; at += kPiece / kSector) {
                const std::uint64_t sectors = std::min(kPiece / kSector, part.length - at);
                const ImageFile& from = disk.files()[*run.layer];
                std::string text = read_at(from.file, (run.at + part.start + at) * kSector,
                                           static_cast<std::size_t>(sectors * kSector), from.path);
                text.resize(static_cast<std::size_t>(sectors * kSector), '\0');
                write_at(base.file, (part.at + at) * kSector, text, base.path);
                done += sectors * kSector;
                tell(done, all);
            }
    sync_file(base.file, base.path);
}

std::string name_of(const ImageFile& image) {
    return image.path.substr(image.path.rfind('/') + 1);
}

void write_synced(FdRef directory, const std::string& name, const std::string& text) {
    const std::string fresh = name + ".new";
    {
        const Fd file =
            sys::openat(directory, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
        sys::write_all(file, text, fresh);
        sync_file(file, fresh);
    }
    if (renameat(directory.get(), fresh.c_str(), directory.get(), name.c_str()) < 0)
        throw SysError(errno, "replace", name);
    sync_file(sys::openat(directory, ".", O_RDONLY | O_DIRECTORY), name);
}

// Removes images that an earlier merge has left, unless they are named again.
void remove_merged(FdRef directory, const std::vector<std::string>& named) {
    const Fd file(::openat(directory.get(), kMerged, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file)
        return;
    std::istringstream names(sys::read_all(file, kMerged));
    for (std::string name; std::getline(names, name);)
        if (name.find('/') == name.npos &&
            std::find(named.begin(), named.end(), name) == named.end() &&
            unlinkat(directory.get(), name.c_str(), 0) < 0 && errno != ENOENT)
            throw SysError(errno, "remove", name);
    if (unlinkat(directory.get(), kMerged, 0) < 0)
        throw SysError(errno, "remove", kMerged);
}

std::vector<std::string> names_of(const DiskImage& disk) {
    std::vector<std::string> names = disk.others();
    for (const ImageFile& image : disk.files())
        names.push_back(name_of(image));
    return names;
}

// From here on the lowest image is the disk.
void drop_upper(FdRef directory, const DiskImage& disk) {
    const ImageFile& base = disk.files().front();
    std::string upper;
    for (std::size_t i = 1; i < disk.files().size(); ++i)
        upper += name_of(disk.files()[i]) + "\n";
    write_synced(directory, kMerged, upper);
    write_synced(
        directory, kDescriptor,
        format_disk_descriptor(disk.size(), base.layer.cluster,
                               base.header ? ImageType::Ploop : ImageType::Plain, name_of(base)));
    mark_in_use(base.file, base.path, false);
    remove_merged(directory, {name_of(base)});
}

}  // namespace

std::size_t merge_disk(FdRef directory, const std::string& path, const TellProgress& tell) {
    remove_left_devices();
    DiskImage disk = DiskImage::open(directory, path, ImageAccess::Write);
    remove_merged(directory, names_of(disk));
    if (disk.files().size() == 1)
        return 0;
    const std::vector<Run> runs = upper_runs(disk);
    require_mergeable(disk, bytes_of(runs));
    disk.begin_writing();
    copy_into_base(disk, runs, tell);
    drop_upper(directory, disk);
    return disk.files().size() - 1;
}

}  // namespace vps

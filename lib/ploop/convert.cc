#include "ploop/convert.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "ploop/area_kind.hh"
#include "ploop/copy_files.hh"
#include "ploop/disk_image.hh"
#include "ploop/file_bytes.hh"
#include "ploop/file_system.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "sys/within.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

constexpr ExitCode kCannotMount = ExitCode::CannotMount;
constexpr std::uint32_t kCluster = 2048;  // sectors, OpenVZ's default
constexpr std::uint64_t kClusterBytes = kCluster * kSector;

void require_room(FdRef directory, const std::string& path, std::uint64_t bytes) {
    if (const std::uint64_t room = room_of(directory, path); room < bytes)
        throw Error(kCannotMount, fmt::format("up to {} MiB are needed in '{}', and {} are free",
                                              bytes >> 20, path, room >> 20));
}

// Bytes that the image files take on their own disk: no copy takes more.
std::uint64_t bytes_in_use(const DiskImage& disk) {
    std::uint64_t bytes = 0;
    for (const ImageFile& image : disk.files()) {
        struct stat status {};
        if (fstat(image.file.get(), &status) < 0)
            throw SysError(errno, "look at", image.path);
        bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return bytes;
}

bool is_zero(const std::string& bytes) {
    return bytes.find_first_not_of('\0') == bytes.npos;
}

// Gives each cluster of the disk that is not all zeros to `take`.
template <typename Take>
void for_each_cluster(const DiskReader& disk, const TellProgress& tell, Take take) {
    const std::uint64_t all = disk.size() * kSector;
    for (std::uint64_t sector = 0; sector < disk.size(); sector += kCluster) {
        const std::uint64_t sectors = std::min<std::uint64_t>(kCluster, disk.size() - sector);
        if (const std::string bytes =
                disk.read(sector, static_cast<std::size_t>(sectors * kSector));
            !is_zero(bytes))
            take(sector / kCluster, bytes);
        tell(std::min((sector + sectors) * kSector, all), all);
    }
}

void write_plain(FdRef file, const std::string& path, const DiskReader& disk,
                 const TellProgress& tell) {
    if (ftruncate(file.get(), static_cast<off_t>(disk.size() * kSector)) < 0)
        throw SysError(errno, "extend", path);
    for_each_cluster(disk, tell, [&](std::uint64_t cluster, const std::string& bytes) {
        write_at(file, cluster * kClusterBytes, bytes, path);
    });
}

void write_ploop(FdRef file, const std::string& path, const DiskReader& disk,
                 const TellProgress& tell) {
    ImageHeader header;
    header.cluster = kCluster;
    header.size = disk.size();
    header.entries = static_cast<std::uint32_t>((disk.size() + kCluster - 1) / kCluster);
    const std::uint64_t table_end = kHeaderBytes + 4 * std::uint64_t{header.entries};
    header.first_data =
        static_cast<std::uint32_t>((table_end + kClusterBytes - 1) / kClusterBytes * kCluster);
    (void)parse_image_header(format_image_header(header));  // a disk that is too large is told
    ClusterTable table(header.entries, kHole);
    std::uint64_t next = header.first_data;
    for_each_cluster(disk, tell, [&](std::uint64_t cluster, std::string bytes) {
        bytes.resize(kClusterBytes, '\0');
        write_at(file, next * kSector, bytes, path);
        table[static_cast<std::size_t>(cluster)] = next;
        next += kCluster;
    });
    if (ftruncate(file.get(), static_cast<off_t>(next * kSector)) < 0)
        throw SysError(errno, "extend", path);
    // No hole is left before the data: OpenVZ's own check calls an image with one sparse.
    std::string front = format_image_header(header) + format_cluster_table(header, table);
    front.resize(header.first_data * kSector, '\0');
    write_at(file, 0, front, path);
}

void compare_disks(const DiskReader& disk, const DiskReader& copy, Comparison comparison,
                   const TellProgress& tell) {
    if (disk.size() != copy.size())
        throw Error(ExitCode::System,
                    fmt::format("the copy has {} sectors, the disk {}", copy.size(), disk.size()));
    if (comparison == Comparison::Compare)
        return;
    for (std::uint64_t sector = 0; sector < disk.size(); sector += kCluster) {
        if (disk.read(sector, kClusterBytes) != copy.read(sector, kClusterBytes))
            throw Error(ExitCode::System,
                        fmt::format("the copy differs from the disk behind sector {}", sector));
        tell(std::min(sector + kCluster, disk.size()) * kSector, disk.size() * kSector);
    }
}

void sync_directory(const std::string& path) {
    sync_file(sys::open(path, O_RDONLY | O_DIRECTORY), path);
}

// `fresh` takes the place of `path`, which is `original` from then on. In one step where the file
// system can do that.
void take_place(const std::string& fresh, const std::string& path, const std::string& original) {
    if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) {
        if (rename(fresh.c_str(), original.c_str()) < 0)
            throw SysError(errno, "rename", fresh);
    } else {
        if (errno != EINVAL && errno != ENOSYS)
            throw SysError(errno, "rename", fresh);
        if (rename(path.c_str(), original.c_str()) < 0)
            throw SysError(errno, "rename", path);
        if (rename(fresh.c_str(), path.c_str()) < 0)
            throw SysError(errno, "rename", fresh);
    }
    sync_directory(fs::path(path).parent_path().string());
}

void require_no_original(const std::string& original) {
    if (access(original.c_str(), F_OK) == 0)
        throw Error(kCannotMount, fmt::format("'{}' of an earlier conversion is still there; move "
                                              "it away or remove it",
                                              original));
}

// A directory for the copy; what a conversion that was cut off has left of it goes.
void make_anew(const std::string& path, mode_t mode) {
    fs::remove_all(path);
    if (mkdir(path.c_str(), mode) < 0)
        throw SysError(errno, "make", path);
}

void require_clean(const DiskImage& disk) {
    if (disk.is_in_use() || needs_journal(disk))
        throw Error(kCannotMount,
                    "the disk was not closed when it was last in use; start and stop the VPS, or "
                    "run vps-ploop check --repair first");
}

}  // namespace

std::string convert_image(const std::string& directory, ImageType type, Comparison comparison,
                          const TellProgress& tell) {
    const std::string fresh = directory + ".new", original = directory + ".orig";
    require_no_original(original);
    const DiskImage disk =
        DiskImage::open(sys::open(directory, O_PATH | O_DIRECTORY), directory, ImageAccess::Write);
    make_anew(fresh, 0700);
    Undo undo([&] { fs::remove_all(fresh); });
    const Fd target = sys::open(fresh, O_RDONLY | O_DIRECTORY);
    require_room(target, fresh, bytes_in_use(disk));
    const std::string name = type == ImageType::Plain ? "root.raw" : "root.hds";
    {
        const Fd file = sys::openat(target, name, O_RDWR | O_CREAT | O_EXCL, 0600);
        (type == ImageType::Plain ? write_plain : write_ploop)(file, name, DiskReader(disk), tell);
        sync_file(file, name);
    }
    const Fd descriptor = sys::openat(target, kDescriptor, O_WRONLY | O_CREAT | O_EXCL, 0644);
    sys::write_all(descriptor, format_disk_descriptor(disk.size(), kCluster, type, name),
                   kDescriptor);
    sync_file(descriptor, kDescriptor);
    sync_directory(fresh);
    {
        const DiskImage copy = DiskImage::open(target, fresh, ImageAccess::Read);
        compare_disks(DiskReader(disk), DiskReader(copy), comparison, tell);
    }
    take_place(fresh, directory, original);
    undo.keep();
    return original;
}

std::string convert_to_files(const std::string& area, Comparison comparison,
                             const TellProgress& tell) {
    if (is_mount_point(area))
        throw Error(kCannotMount,
                    fmt::format("'{}' is a mount point: no other directory can take its place; "
                                "mount its file system elsewhere and set VE_PRIVATE",
                                area));
    const std::string directory = fmt::format("{}/{}", area, kDiskDirectory);
    const std::string fresh = area + ".new", original = area + ".ploop";
    require_no_original(original);
    const DiskImage disk =
        DiskImage::open(sys::open(directory, O_PATH | O_DIRECTORY), directory, ImageAccess::Read);
    require_clean(disk);
    const Fd tree = mount_to_look(disk);
    make_anew(fresh, 0700);
    Undo undo([&] { fs::remove_all(fresh); });
    const Fd target = sys::open(fresh, O_RDONLY | O_DIRECTORY);
    require_room(target, fresh, bytes_in_files(tree));
    copy_files(tree, target, tell);
    compare_files(tree, target, comparison == Comparison::Verify ? Bytes::Compared : Bytes::Ignored,
                  tell);
    if (syncfs(target.get()) < 0)
        throw SysError(errno, "sync", fresh);
    take_place(fresh, area, original);
    undo.keep();
    return original;
}

}  // namespace vps

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
constexpr std::size_t kBlockBytes = 4096;  // of the file systems that images lie on
// Behind the name of what is converted: of a copy that is not whole. What has this name is removed
// without a question, so that it is none that anybody else would give.
constexpr const char* kFresh = ".vps-ploop.new";

void require_room(FdRef directory, const std::string& path, std::uint64_t bytes) {
    if (const std::uint64_t room = room_of(directory, path); room < bytes)
        throw Error(kCannotMount, fmt::format("up to {} MiB are needed in '{}', and {} are free",
                                              bytes >> 20, path, room >> 20));
}

// Bytes that the image files take on their own disk.
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

// Clusters of a copy in which there is anything of the disk.
std::uint64_t clusters_in_use(const DiskImage& disk) {
    std::uint64_t count = 0, next = 0;  // the first one that has not been counted
    for (const Run& run : disk.map()) {
        if (!run.layer)
            continue;
        const ImageFile& image = disk.files()[*run.layer];
        const auto find = [&](std::uint64_t from, int what) {
            const off_t found = lseek(image.file.get(), static_cast<off_t>(from), what);
            if (found < 0 && errno != ENXIO)
                throw SysError(errno, "look for holes in", image.path);
            const std::uint64_t end = (run.at + run.length) * kSector;
            return found < 0 ? end : std::min(end, static_cast<std::uint64_t>(found));
        };
        const std::uint64_t begin = run.at * kSector, end = begin + run.length * kSector;
        for (std::uint64_t at = find(begin, SEEK_DATA); at < end;) {
            const std::uint64_t hole = find(at, SEEK_HOLE);
            const std::uint64_t disk_at = run.start * kSector - begin;
            const std::uint64_t first = std::max(next, (disk_at + at) / kClusterBytes);
            next = std::max(next, (disk_at + hole - 1) / kClusterBytes + 1);
            count += next - std::min(first, next);
            at = find(hole, SEEK_DATA);
        }
    }
    return count;
}

bool is_zero(std::string_view bytes) {
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
        // Blocks of zeros stay holes, so that the copy takes no more room than the image.
        for (std::size_t at = 0; at < bytes.size(); at += kBlockBytes)
            if (const std::string block = bytes.substr(at, kBlockBytes); !is_zero(block))
                write_at(file, cluster * kClusterBytes + at, block, path);
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

void rename_new(const std::string& from, const std::string& to) {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return;
    // Not every file system has that; a directory takes the place of no other one that holds files.
    if (errno != EINVAL || rename(from.c_str(), to.c_str()) < 0)
        throw SysError(errno, fmt::format("rename '{}' to", from), to);
}

// `fresh` takes the place of `path`, which is `original` from then on. In one step where the file
// system can do that. The name `fresh`, whose directory is removed in any trouble, is the copy's
// for as long as there is one: the original never has it.
void take_place(const std::string& fresh, const std::string& path, const std::string& original) {
    rename_new(fresh, original);
    Undo undo([&] { rename_new(original, fresh); });
    if (renameat2(AT_FDCWD, original.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) < 0) {
        if (errno != EINVAL && errno != ENOSYS)
            throw SysError(errno, fmt::format("exchange '{}' and", original), path);
        rename_new(original, fresh);
        undo.keep();
        rename_new(path, original);
        Undo back([&] { rename_new(original, path); });
        rename_new(fresh, path);
        back.keep();
    }
    undo.keep();
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

std::uint64_t bytes_of_copy(const DiskImage& disk, ImageType type) {
    if (type == ImageType::Plain)
        return bytes_in_use(disk);
    // Clusters are written whole; the header and the table before them.
    const std::uint64_t front =
        kHeaderBytes + 4 * ((disk.size() + kCluster - 1) / kCluster) + kClusterBytes - 1;
    return (clusters_in_use(disk) + front / kClusterBytes) * kClusterBytes;
}

std::string convert_image(const std::string& directory, ImageType type, Comparison comparison,
                          const TellProgress& tell) {
    const std::string fresh = directory + kFresh, original = directory + ".orig";
    require_no_original(original);
    remove_left_devices();
    const DiskImage disk =
        DiskImage::open(sys::open(directory, O_PATH | O_DIRECTORY), directory, ImageAccess::Write);
    make_anew(fresh, 0700);
    Undo undo([&] { fs::remove_all(fresh); });
    const Fd target = sys::open(fresh, O_RDONLY | O_DIRECTORY);
    require_room(target, fresh, bytes_of_copy(disk, type));
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
    const std::string fresh = area + kFresh, original = area + ".ploop";
    require_no_original(original);
    remove_left_devices();
    // Nobody else has it open, not even QEMU's tools, whose locks let others read.
    const DiskImage disk =
        DiskImage::open(sys::open(directory, O_PATH | O_DIRECTORY), directory, ImageAccess::Write);
    require_clean(disk);
    const Fd tree = mount_to_look(disk);
    make_anew(fresh, 0700);
    Undo undo([&] { fs::remove_all(fresh); });
    const Fd target = sys::open(fresh, O_RDONLY | O_DIRECTORY);
    require_room(target, fresh, bytes_in_files(tree));
    copy_files(tree, target, tell);
    compare_files(tree, target, comparison == Comparison::Verify ? Bytes::Compared : Bytes::Ignored,
                  tell);
    mark_as_files(target);  // whatever the VPS has made of a disk among its files
    if (syncfs(target.get()) < 0)
        throw SysError(errno, "sync", fresh);
    take_place(fresh, area, original);
    undo.keep();
    return original;
}

}  // namespace vps

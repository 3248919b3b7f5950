#include "ploop/disk_image.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "ploop/area_kind.hh"
#include "ploop/file_bytes.hh"
#include "ploop/loop_device.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr std::uint32_t kEmptyFlag = 1;  // of a header's flags

// False where somebody else has a lock that excludes this one.
bool lock(FdRef file, ImageAccess access, const std::string& path) {
    struct flock whole {};
    whole.l_type = access == ImageAccess::Write ? F_WRLCK : F_RDLCK;
    if (fcntl(file.get(), F_OFD_SETLK, &whole) == 0)
        return true;
    if (errno != EAGAIN && errno != EACCES)
        throw SysError(errno, "lock", path);
    return false;
}

void require_unused(FdRef file, ImageAccess access, const std::string& path) {
    const bool locked = lock(file, access, path);
    // Two may read; what is read while somebody writes is worth nothing.
    const std::vector<std::string> loops = find_lasting_loops_of(
        file, access == ImageAccess::Write || !locked ? Loops::All : Loops::Writable);
    if (!loops.empty())
        throw Error(ExitCode::CannotMount, fmt::format("is open already, as {}", loops.front()));
    if (!locked)
        throw Error(ExitCode::CannotMount,
                    "is open already, in another program or on another host");
}

Layer read_layer(const ImageFile& image, std::uint64_t bytes) {
    if (!image.header)
        return {.size = bytes / kSector};
    const ImageHeader& header = *image.header;
    ClusterTable table = parse_cluster_table(
        header, read_at(image.file, kHeaderBytes, 4 * std::size_t{header.entries}, image.path));
    if (const auto fault = find_fault(header, table, bytes))
        throw Error(ExitCode::CannotMount, "the table is broken: " + *fault);
    return {header.size, header.cluster, std::move(table)};
}

ImageFile open_image(FdRef directory, const DescribedImage& described, const std::string& path,
                     ImageAccess access) {
    ImageFile image;
    image.path = path;
    // A look leaves no time of access; the file's owner and root may ask for that.
    const int flags = access == ImageAccess::Write ? O_RDWR : O_RDONLY | O_NOATIME;
    const auto open = [&](int how) {
        image.file = Fd(::openat(directory.get(), described.file.c_str(),
                                 how | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    };
    open(flags);
    if (!image.file && errno == EPERM)
        open(flags & ~O_NOATIME);
    if (!image.file)
        throw Error(ExitCode::CannotMount, errno == ELOOP ? "is a symbolic link, which may lead "
                                                            "anywhere; put the file in its place"
                                                          : std::strerror(errno));
    const std::uint64_t bytes = size_of(image.file, path);
    if (access != ImageAccess::Look)
        require_unused(image.file, access, path);
    if (described.type == ImageType::Ploop)
        image.header = parse_image_header(read_at(image.file, 0, kHeaderBytes, path));
    image.layer = read_layer(image, bytes);
    if (image.layer.size == 0)
        throw Error(ExitCode::CannotMount, "is empty");
    return image;
}

DiskDescriptor read_descriptor(FdRef directory, const std::string& path) {
    return within({fmt::format("'{}/{}'", path, kDescriptor), ExitCode::CannotMount}, [&] {
        const Fd file = sys::openat(directory, kDescriptor, O_RDONLY | O_NONBLOCK);
        (void)size_of(file, kDescriptor);
        return parse_disk_descriptor(sys::read_all(file, kDescriptor), path);
    });
}

std::vector<DescribedImage> chain_of(const DiskDescriptor& descriptor, const std::string& path) {
    return within({fmt::format("'{}/{}'", path, kDescriptor), ExitCode::CannotMount},
                  [&] { return find_chain(descriptor); });
}

}  // namespace

DiskImage DiskImage::open(FdRef directory, const std::string& path, ImageAccess access) {
    DiskImage disk;
    const DiskDescriptor descriptor = read_descriptor(directory, path);
    const std::vector<DescribedImage> chain = chain_of(descriptor, path);
    disk.above_ = find_snapshot_above(descriptor, chain);
    for (const DescribedImage& image : descriptor.images)
        if (std::find(chain.begin(), chain.end(), image) == chain.end())
            disk.others_.push_back(image.file);
    for (const DescribedImage& described : chain) {
        const std::string name = path + "/" + described.file;
        disk.files_.push_back(
            within({fmt::format("ploop image '{}'", name), ExitCode::CannotMount},
                   [&] { return open_image(directory, described, name, access); }));
    }
    std::optional<std::uint32_t> cluster;
    for (const ImageFile& image : disk.files_)
        if (image.header &&
            std::exchange(cluster, image.layer.cluster).value_or(image.layer.cluster) !=
                image.layer.cluster)
            throw Error(ExitCode::CannotMount,
                        fmt::format("ploop image '{}': its clusters are not as large as those of "
                                    "the images below it",
                                    image.path));
    return disk;
}

DiskMap DiskImage::map() const {
    std::vector<Layer> layers;
    for (const ImageFile& image : files_)
        layers.push_back(image.layer);
    return map_disk(layers);
}

std::string DiskImage::read(std::uint64_t sector, std::size_t bytes) const {
    return DiskReader(*this).read(sector, bytes);
}

std::string DiskReader::read(std::uint64_t sector, std::size_t bytes) const {
    std::string text;
    const std::uint64_t last = sector + (bytes + kSector - 1) / kSector;
    // The runs are in order; the first that reaches the sector begins the answer.
    auto run = std::upper_bound(
        map_.begin(), map_.end(), sector,
        [](std::uint64_t at, const Run& run) { return at < run.start + run.length; });
    for (; run != map_.end() && run->start < last; ++run) {
        const std::uint64_t from = std::max(run->start, sector);
        const std::uint64_t length = std::min(run->start + run->length, last) - from;
        std::string piece;
        if (run->layer) {
            const ImageFile& image = disk_.files()[*run->layer];
            piece = read_at(image.file, (run->at + from - run->start) * kSector,
                            static_cast<std::size_t>(length * kSector), image.path);
        }
        piece.resize(static_cast<std::size_t>(length * kSector), '\0');
        text += piece;
    }
    text.resize(bytes, '\0');
    return text;
}

void DiskImage::begin_writing() {
    ImageFile& image = files_.front();
    if (!image.header) {
        if (size() > image.layer.size &&
            ftruncate(image.file.get(), static_cast<off_t>(size() * kSector)) < 0)
            throw SysError(errno, "extend", image.path);
        image.layer.size = size();
        return;
    }
    ImageHeader& header = *image.header;
    const CompleteTable complete =
        complete_table(header, *image.layer.table, size_of(image.file, image.path));
    header.in_use = true;
    header.size = image.layer.size = size();
    header.flags &= ~kEmptyFlag;
    // Nobody notes changed blocks from here on: whoever reads the notes later would miss some.
    header.extension = 0;
    std::string bytes = read_at(image.file, 0, kHeaderBytes, image.path);
    put_changes(header, bytes);
    write_at(image.file, 0, bytes, image.path);
    sync_file(image.file, image.path);
    if (complete.table == *image.layer.table)
        return;
    if (ftruncate(image.file.get(), static_cast<off_t>(complete.file_end * kSector)) < 0)
        throw SysError(errno, "extend", image.path);
    sync_file(image.file, image.path);
    write_at(image.file, kHeaderBytes, format_cluster_table(header, complete.table), image.path);
    sync_file(image.file, image.path);
    image.layer.table = complete.table;
}

std::string find_top_image(const std::string& area) {
    try {
        const std::string directory = area + "/" + kDiskDirectory;
        const Fd dir = sys::open(directory, O_PATH | O_DIRECTORY);
        return directory + "/" + chain_of(read_descriptor(dir, directory), directory).back().file;
    } catch (const Error&) {
        return {};
    }
}

void mark_in_use(FdRef file, const std::string& path, bool in_use) {
    std::string bytes = read_at(file, 0, kHeaderBytes, path);
    ImageHeader header;
    try {
        header = parse_image_header(bytes);
    } catch (const Error&) {
        return;  // a plain image
    }
    header.in_use = in_use;
    put_changes(header, bytes);
    write_at(file, 0, bytes, path);
    sync_file(file, path);
}

Fd open_unused(const std::string& path) {
    Fd file = sys::open(path, O_RDWR | O_NOFOLLOW);
    if (!lock(file, ImageAccess::Write, path) || !find_loops_of(file, Loops::All).empty())
        file.reset();
    return file;
}

}  // namespace vps

// A disk of ploop images, open: the descriptor, the files of its chain, their headers and tables,
// all checked. Callers are root in the host context; whoever only looks changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ploop/disk_descriptor.hh"
#include "ploop/disk_map.hh"
#include "ploop/image_header.hh"
#include "sys/fd.hh"

namespace vps {

// Look: without a lock, at a disk that may be in use; its tables are those of now.
enum class ImageAccess { Look, Read, Write };

// An image file, locked against whoever writes (Read) or has it open at all (Write). The lock is on
// the open file (fcntl(2), F_OFD_SETLK), so that a loop device of this file keeps it.
struct ImageFile {
    std::string path;
    Fd file;
    std::optional<ImageHeader> header;  // none: a plain image
    Layer layer;
};

class DiskImage {
  public:
    // `directory` has the descriptor, `path` is its name for messages. Throws Error CannotMount:
    // unreadable, broken, of a kind that is not known, open elsewhere.
    static DiskImage open(FdRef directory, const std::string& path, ImageAccess access);

    [[nodiscard]] const std::vector<ImageFile>& files() const { return files_; }
    [[nodiscard]] const ImageFile& top() const { return files_.back(); }
    [[nodiscard]] std::uint64_t size() const { return top().layer.size; }  // sectors
    // Whether it was left open: its host went down, or another host has it open now.
    [[nodiscard]] bool is_in_use() const { return top().header && top().header->in_use; }
    [[nodiscard]] DiskMap map() const;
    // Reads as DiskReader does.
    [[nodiscard]] std::string read(std::uint64_t sector, std::size_t bytes) const;

    // The images that the descriptor names and the disk as it is now does not need: other branches
    // of snapshots.
    [[nodiscard]] const std::vector<std::string>& others() const { return others_; }

    // A snapshot that lies on the top image, which it would be written from under.
    [[nodiscard]] const std::optional<std::string>& above() const { return above_; }

    // Makes the lowest file ready for a writer that knows its map alone: marks it as in use, then
    // gives each hole a place at the end of the file, which takes no room until it is written to.
    // The file's disk is as large as the whole one's from then on. Cut off at any point, the image
    // is whole. Throws SysError.
    void begin_writing();

  private:
    std::vector<ImageFile> files_;
    std::vector<std::string> others_;
    std::optional<std::string> above_;
};

// Reads on end, where a disk would look its map up anew each time. The disk outlives it.
class DiskReader {
  public:
    explicit DiskReader(const DiskImage& disk) : disk_(disk), map_(disk.map()) {}
    [[nodiscard]] std::uint64_t size() const { return disk_.size(); }
    // Returns so many bytes from this sector on, zeros beyond the end. Throws SysError.
    [[nodiscard]] std::string read(std::uint64_t sector, std::size_t bytes) const;

  private:
    const DiskImage& disk_;
    DiskMap map_;
};

// The path of the top image of the disk in this private area, as it is named at a start; empty
// where there is no disk that can be read.
std::string find_top_image(const std::string& area);

// The mark of an image file that is open for writing. A plain image has none. Synced. Throws
// SysError.
void mark_in_use(FdRef file, const std::string& path, bool in_use);

// Opens an image file that nobody has open any more, with its lock; an empty Fd where somebody has.
Fd open_unused(const std::string& path);

}  // namespace vps

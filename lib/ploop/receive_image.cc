#include "ploop/receive_image.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "ploop/file_bytes.hh"
#include "ploop/little_endian.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::uint32_t kMarker = 0x4cc0ac3d;
constexpr std::size_t kPacketHeader = 16;
constexpr std::size_t kSyncSize = 4;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;     // of one packet: the largest cluster
constexpr std::uint64_t kMostPlace = std::uint64_t{1} << 56;  // no file system has a larger file

struct Packet {
    std::size_t size = 0;
    std::uint64_t place = 0;
};

std::string read_exactly(FdRef stream, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t got = read(stream.get(), text.data() + done, bytes - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw SysError(errno, "read", "the stream");
        if (got == 0)
            throw Error(ExitCode::System, "the stream has ended before the image was complete");
        done += static_cast<std::size_t>(got);
    }
    return text;
}

Packet read_packet(FdRef stream) {
    const std::string header = read_exactly(stream, kPacketHeader);
    const Packet packet{get_le32(header, 4), get_le64(header, 8)};
    if (get_le32(header, 0) != kMarker)
        throw Error(ExitCode::System, "the stream is not that of 'ploop copy'");
    if (packet.size > kMostBytes || packet.place > kMostPlace)
        throw Error(ExitCode::System,
                    fmt::format("the stream has {} bytes at place {}, which no image has",
                                packet.size, packet.place));
    return packet;
}

void receive(FdRef stream, FdRef file, const std::string& path) {
    for (;;) {
        const Packet packet = read_packet(stream);
        if (packet.size == 0)
            break;
        const std::string bytes = read_exactly(stream, packet.size);
        if (packet.size == kSyncSize)
            sync_file(file, path);
        else
            write_at(file, packet.place, bytes, path);
    }
    sync_file(file, path);
}

}  // namespace

void receive_image(FdRef stream, const std::string& path) {
    const Fd file = sys::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    try {
        receive(stream, file, path);
    } catch (...) {
        (void)unlink(path.c_str());  // the error says more than a half of an image
        throw;
    }
}

}  // namespace vps

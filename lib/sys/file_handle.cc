#include "sys/file_handle.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sys/error.hh"

namespace vps {

namespace {

struct Buffer {
    alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> bytes{};
    file_handle* header() { return reinterpret_cast<file_handle*>(bytes.data()); }
};

std::string read_handle(FdRef directory, const char* name, int flags, ExitCode code) {
    Buffer buffer;
    int mount_id = 0;
    buffer.header()->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(directory.get(), name, buffer.header(), &mount_id, flags) < 0)
        throw SysError(errno, "get the handle of a file", name, code);
    return {buffer.bytes.data(), sizeof(file_handle) + buffer.header()->handle_bytes};
}

}  // namespace

FileHandle FileHandle::of(FdRef file, ExitCode code) {
    return FileHandle(read_handle(file, "", AT_EMPTY_PATH, code));
}

FileHandle FileHandle::of(FdRef directory, const std::string& name) {
    return FileHandle(read_handle(directory, name.c_str(), 0, ExitCode::System));
}

Fd FileHandle::open(FdRef mount, int flags, ExitCode code) const {
    Buffer buffer;
    std::memcpy(buffer.bytes.data(), bytes_.data(), bytes_.size());
    Fd file(open_by_handle_at(mount.get(), buffer.header(), flags | O_CLOEXEC));
    if (!file && errno != ESTALE && errno != ENOENT)
        throw SysError(errno, "open a file by its handle", {}, code);
    return file;
}

std::string FileHandle::to_string() const {
    std::string digits;
    for (const char byte : bytes_)
        digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return digits;
}

}  // namespace vps

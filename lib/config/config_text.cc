#include "config/config_text.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "sys/error.hh"
#include "sys/fd.hh"
#include "sys/file_kind.hh"

namespace vps {

static constexpr std::size_t kMaxSize = 16 << 20;

static void require_regular(FdRef fd, const std::string& shown) {
    struct stat status {};
    if (fstat(fd.get(), &status) < 0)
        throw SysError(errno, "stat", shown);
    if (!S_ISREG(status.st_mode))
        throw Error(ExitCode::System,
                    fmt::format("'{}' is {}, or a symbolic link to one, and no regular file; put "
                                "a regular file in its place",
                                shown, name_of_file_kind(status.st_mode)));
}

// A read of a regular file that does not fill its buffer has seen the end: one read does for most
// files.
static std::string read_regular(FdRef fd, const std::string& shown) {
    std::array<char, 16384> buffer;
    std::string text;
    for (;;) {
        const auto count = read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw SysError(errno, "read", shown);
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > kMaxSize)
            throw SysError(EFBIG, "read", shown);
        if (static_cast<std::size_t>(count) < buffer.size())
            return text;
    }
}

std::string read_config_text(int dir_fd, const char* name, const std::string& shown,
                             FileKind kind) {
    const Fd fd(openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd && errno == ENXIO)  // a socket
        throw Error(ExitCode::System, fmt::format("'{}' is no regular file", shown));
    if (!fd)
        throw SysError(errno, "open", shown);
    if (kind != FileKind::Regular)
        require_regular(fd, shown);
    return read_regular(fd, shown);
}

}  // namespace vps

#include "config_text.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.hh"
#include "fd.hh"

namespace vps {

static constexpr off_t kMaxSize = 16 << 20;

static std::string read_open_file(FdRef fd, const std::string& shown) {
    struct stat status {};
    if (fstat(fd.get(), &status) < 0)
        throw SysError(errno, "stat", shown);
    if (S_ISDIR(status.st_mode))
        throw SysError(EISDIR, "read", shown);
    if (!S_ISREG(status.st_mode))
        throw SysError(EINVAL, "read", shown);
    if (status.st_size > kMaxSize)
        throw SysError(EFBIG, "read", shown);

    // One byte more than its size, so that one read sees the end of it.
    std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
    std::size_t used = 0;
    for (;;) {
        const auto count = read(fd.get(), text.data() + used, text.size() - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw SysError(errno, "read", shown);
        used += static_cast<std::size_t>(count);
        if (count == 0 || used < text.size())
            break;
        if (used > static_cast<std::size_t>(kMaxSize))
            throw SysError(EFBIG, "read", shown);
        text.resize(used * 2);
    }
    text.resize(used);
    return text;
}

std::string read_config_text(int dir_fd, const char* name, const std::string& shown) {
    const Fd fd(openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd)
        throw SysError(errno, "open", shown);
    return read_open_file(fd, shown);
}

}  // namespace vps

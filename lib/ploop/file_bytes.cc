#include "ploop/file_bytes.hh"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sys/error.hh"

namespace vps {

std::string read_at(FdRef file, std::uint64_t at, std::size_t bytes, const std::string& path) {
    std::string text(bytes, '\0');
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t got =
            pread(file.get(), text.data() + done, bytes - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw SysError(errno, "read", path);
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
}

void write_at(FdRef file, std::uint64_t at, const std::string& text, const std::string& path) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t put = pwrite(file.get(), text.data() + done, text.size() - done,
                                   static_cast<off_t>(at + done));
        if (put < 0 && errno != EINTR)
            throw SysError(errno, "write", path);
        done += put < 0 ? 0 : static_cast<std::size_t>(put);
    }
}

void sync_file(FdRef file, const std::string& path) {
    if (fsync(file.get()) < 0)
        throw SysError(errno, "sync", path);
}

std::uint64_t size_of(FdRef file, const std::string& path) {
    struct stat status {};
    if (fstat(file.get(), &status) < 0)
        throw SysError(errno, "look at", path);
    if (!S_ISREG(status.st_mode))
        throw Error(ExitCode::CannotMount, "is no regular file");
    return static_cast<std::uint64_t>(status.st_size);
}

std::uint64_t room_of(FdRef file, const std::string& path) {
    struct statvfs status {};
    if (fstatvfs(file.get(), &status) < 0)
        throw SysError(errno, "look at", path);
    return std::uint64_t{status.f_bfree} * status.f_frsize;
}

}  // namespace vps

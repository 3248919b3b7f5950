#include "sys/sys.hh"

#include <linux/openat2.h>
#include <poll.h>
extern "C" {  // glibc 2.36 forgets it
#include <sys/pidfd.h>
}
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "sys/error.hh"
#include "sys/undo.hh"

namespace vps::sys {

Fd open(const std::string& path, int flags, mode_t mode) {
    return openat(FdRef(AT_FDCWD), path, flags, mode);
}

Fd openat(FdRef dir, const std::string& path, int flags, mode_t mode) {
    const int fd = ::openat(dir.get(), path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0)
        throw SysError(errno, "open", path);
    return Fd(fd);
}

Fd find_in_root(FdRef root, const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    long fd = -1;
    // EAGAIN: a file was renamed or a mount made anywhere on the host while the kernel looked.
    for (int tries = 0; tries < 1000; ++tries) {
        fd = syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
        if (tries > 16)
            (void)poll(nullptr, 0, 1);
    }
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return Fd();
    if (fd < 0)
        throw SysError(errno, "open", path);
    return Fd(static_cast<int>(fd));
}

std::pair<Fd, Fd> pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        throw SysError(errno, "create pipe");
    return {Fd(ends[0]), Fd(ends[1])};
}

std::pair<Fd, Fd> socketpair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        throw SysError(errno, "create socket pair");
    return {Fd(ends[0]), Fd(ends[1])};
}

Fd pidfd_open(pid_t pid) {
    const int fd = ::pidfd_open(pid, 0);
    if (fd < 0)
        throw SysError(errno, "open process", std::to_string(pid));
    return Fd(fd);
}

void pidfd_send_signal(FdRef pidfd, int signal) {
    if (::pidfd_send_signal(pidfd.get(), signal, nullptr, 0) < 0 && errno != ESRCH)
        throw SysError(errno, "send signal");
}

void mkdir_all(const std::string& path, mode_t mode) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        if (mkdir(part.c_str(), mode) < 0 && errno != EEXIST)
            throw SysError(errno, "create directory", part);
        if (slash == std::string::npos)
            return;
    }
}

std::string realpath(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr),
                                                               std::free);
    if (!resolved)
        throw SysError(errno, "resolve", path);
    return resolved.get();
}

std::string readlink(const std::string& path) {
    char target[4096];
    const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
    if (length < 0)
        throw SysError(errno, "read link", path);
    return {target, static_cast<std::size_t>(length)};
}

bool unlink_if_there(const std::string& path) {
    const bool removed = unlink(path.c_str()) == 0;
    if (!removed && errno != ENOENT)
        throw SysError(errno, "remove", path);
    return removed;
}

Fd lock_directory(const std::string& path) {
    Fd dir = sys::open(path, O_RDONLY | O_DIRECTORY);
    while (flock(dir.get(), LOCK_EX) < 0)
        if (errno != EINTR)
            throw SysError(errno, "lock", path);
    return dir;
}

void sync_directory(const std::string& path) {
    const Fd directory = sys::open(path, O_RDONLY | O_DIRECTORY);
    if (fsync(directory.get()) < 0)
        throw SysError(errno, "write to disk", path);
}

Fd duplicate(FdRef fd) {
    const int copy = fcntl(fd.get(), F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        throw SysError(errno, "duplicate a file descriptor");
    return Fd(copy);
}

std::string read_file(const std::string& path, std::size_t limit) {
    return read_all(sys::open(path, O_RDONLY), path, limit);
}

std::string read_line(const std::string& path) {
    std::string text = read_file(path);
    text.resize(text.find_last_not_of('\n') + 1);
    return text;
}

std::string read_all(FdRef fd, const std::string& path, std::size_t limit) {
    std::string text;
    for (;;) {
        char chunk[4096];
        const ssize_t got = read(fd.get(), chunk, sizeof chunk);
        if (got < 0 && errno != EINTR)
            throw SysError(errno, "read", path);
        if (got == 0)
            return text;
        if (got > 0)
            text.append(chunk, static_cast<std::size_t>(got));
        if (text.size() > limit)
            throw SysError(EFBIG, "read", path);
    }
}

void write_all(FdRef file, const std::string& content, const std::string& path) {
    for (std::size_t done = 0; done < content.size();) {
        const ssize_t got = write(file.get(), content.data() + done, content.size() - done);
        if (got < 0 && errno != EINTR)
            throw SysError(errno, "write", path);
        if (got > 0)
            done += static_cast<std::size_t>(got);
    }
}

void replace_file(const std::string& path, const std::string& content, mode_t mode) {
    const std::string temporary = path + ".new";
    Undo remove([&] { (void)unlink(temporary.c_str()); });
    write_all(open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode), content, temporary);
    if (rename(temporary.c_str(), path.c_str()) < 0)
        throw SysError(errno, "replace", path);
    remove.keep();
}

}  // namespace vps::sys

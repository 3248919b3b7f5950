#include "sys/streams.hh"

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps::sys {

void open_standard_streams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        // open(2) gives the lowest free number, which is this one. Children have it, too.
        if (fcntl(fd, F_GETFD) < 0 &&
            ::open("/dev/null", O_RDWR) != fd)  // NOLINT(android-cloexec-open)
            throw SysError(errno, "open", "/dev/null");
}

void let_go_of_output() {
    const Fd nowhere = open("/dev/null", O_WRONLY);
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO})
        if (dup2(nowhere.get(), fd) < 0)
            throw SysError(errno, "open", "/dev/null");
}

void print(const std::string& text) {
    write_all(kOutput, text, "standard output");
}

void print_line(FdRef stream, std::string line) noexcept {
    try {
        write_all(stream, line += '\n', {});
    } catch (const std::exception&) {
        // There is nobody left to tell.
    }
}

}  // namespace vps::sys

#include "sys/memory_file.hh"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.hh"
#include "sys/sys.hh"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace vps {

Fd sealed_memory_file(const std::string& name, std::string_view content, mode_t mode) {
    int fd = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)  // before Linux 6.3, where every memfd is executable
        fd = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        throw SysError(errno, "create memory file", name);
    const Fd writable(fd);
    if (write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
        throw SysError(errno, "write memory file", name);
    if (fchmod(fd, mode) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        throw SysError(errno, "seal memory file", name);
    // A second, read-only description of the file has an offset of its own, and a file that is open
    // for writing could not be executed (ETXTBSY).
    return sys::open("/proc/self/fd/" + std::to_string(fd), O_RDONLY);
}

}  // namespace vps

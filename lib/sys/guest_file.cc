#include "sys/guest_file.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

Fd open_guest_file(FdRef place) {
    struct stat file {};
    if (fstat(place.get(), &file) < 0)
        throw SysError(errno, "look at a file of the VPS");
    if (!S_ISREG(file.st_mode))
        return {};
    // O_NONBLOCK: a lease on the file would hold up the open.
    return sys::open("/proc/self/fd/" + std::to_string(place.get()),
                     O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

Fd find_guest_file(FdRef root, const std::string& path) {
    const Fd place = sys::find_in_root(root, path, O_PATH);
    return place ? open_guest_file(place) : Fd();
}

}  // namespace vps

#include "systemd/bus_slot.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

Fd take_bus_slot(BusUse use, const std::string& file) {
    Fd slot = sys::open(file, O_RDWR | O_CREAT, 0600);
    // A slot is a byte that need not be there. Each process begins with another one, for those who
    // come at once.
    const off_t first = static_cast<off_t>(use) * kSlotsOfUse;
    for (unsigned i = 0; i < kSlotsOfUse; ++i) {
        struct flock byte {};
        byte.l_type = F_WRLCK;
        byte.l_start = first + (static_cast<unsigned>(getpid()) + i) % kSlotsOfUse;
        byte.l_len = 1;
        if (fcntl(slot.get(), F_OFD_SETLK, &byte) == 0)
            return slot;
        if (errno != EAGAIN && errno != EACCES)
            throw SysError(errno, "lock a slot of", file);
    }
    throw SysError(EAGAIN, "find a free slot of", file);
}

}  // namespace vps

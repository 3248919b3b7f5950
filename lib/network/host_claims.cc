#include "network/host_claims.hh"

#include <fcntl.h>
#include <sys/file.h>

#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

HostClaims::HostClaims() : dir_(sys::open(kRunDir, O_RDONLY | O_DIRECTORY)) {
    while (flock(dir_.get(), LOCK_EX) < 0)
        if (errno != EINTR)
            throw SysError(errno, "lock", kRunDir);
}

}  // namespace vps

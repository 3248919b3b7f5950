#include "sys/acting_as.hh"

#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <sstream>
#include <string>

#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

constexpr auto kUnchanged = static_cast<uid_t>(-1);

uid_t find_root_id(pid_t pid) {
    std::istringstream map(sys::read_file("/proc/" + std::to_string(pid) + "/uid_map"));
    std::uint64_t inside = 0, outside = 0, count = 0;
    while (map >> inside >> outside >> count)
        if (inside == 0)
            return static_cast<uid_t>(outside);
    return 0;
}

ActingAs::ActingAs(uid_t id) : secure_(prctl(PR_GET_SECUREBITS)) {
    if (secure_ < 0 || prctl(PR_SET_SECUREBITS, secure_ | SECBIT_NO_SETUID_FIXUP) < 0)
        throw SysError(errno, "keep capabilities");
    if (setresuid(kUnchanged, id, kUnchanged) < 0) {
        const int error = errno;
        (void)prctl(PR_SET_SECUREBITS, secure_);
        throw SysError(error, "become the VPS's root");
    }
    (void)setfsuid(0);
}

ActingAs::~ActingAs() {
    // A child in a new user namespace has no ids yet, so that these calls fail; nor can it be
    // traced.
    if (is_clone())
        return;
    (void)setresuid(kUnchanged, 0, kUnchanged);
    (void)prctl(PR_SET_SECUREBITS, secure_);
    (void)prctl(PR_SET_DUMPABLE, 1);  // a change of ids takes it away
}

}  // namespace vps

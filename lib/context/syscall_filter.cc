#include "context/syscall_filter.hh"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace vps {

static constexpr sock_filter kFilter[] = {
#include "syscall_filter.inc"
};

int install_syscall_filter() noexcept {
    const sock_fprog program{sizeof kFilter / sizeof kFilter[0], const_cast<sock_filter*>(kFilter)};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? errno : 0;
}

}  // namespace vps

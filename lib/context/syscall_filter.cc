#include "context/syscall_filter.hh"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace vps {

namespace {

constexpr sock_filter kEvery[] = {
#include "every_filter.inc"
};
constexpr sock_filter kHostUser[] = {
#include "host-user_filter.inc"
};
constexpr sock_filter kUring[] = {
#include "io-uring_filter.inc"
};
constexpr sock_filter kSocketcall[] = {
#include "socketcall_filter.inc"
};

template <std::size_t length>
int load(const sock_filter (&filter)[length]) noexcept {
    const sock_fprog program{length, const_cast<sock_filter*>(filter)};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? errno : 0;
}

}  // namespace

int install_syscall_filter(const FilteredVps& vps) noexcept {
    if (!vps.user_namespace)
        if (const int error = load(kHostUser))
            return error;
    if (!vps.io_uring)
        if (const int error = load(kUring))
            return error;
    if (!vps.old_32_bit)
        if (const int error = load(kSocketcall))
            return error;
    return load(kEvery);
}

}  // namespace vps

#include "context/syscall_filter.hh"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
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

// The families of sockets that know network namespaces and that a VPS needs. Others reach round
// them (AF_VSOCK: the hypervisor and the host), or have the host load modules.
constexpr std::uint64_t bit(unsigned family) {
    return std::uint64_t{1} << family;
}
constexpr std::uint64_t kFamilies =
    bit(AF_UNIX) | bit(AF_INET) | bit(AF_INET6) | bit(AF_NETLINK) | bit(AF_PACKET);

// Denies socket(2) and socketpair(2) of other families. libseccomp knows no sets, but the kernel
// can shift: the family's bit is looked up in a word. x86 has these calls thrice: x32's differ by a
// bit of their number, and those of 32-bit programs have other numbers (asm/unistd_32.h).
int load_families(std::uint64_t families) noexcept {
    constexpr std::uint32_t kX32Bit = 0x40000000, kSocket32 = 359, kSocketpair32 = 360;
    constexpr unsigned kWord = 32, kMost = 64;
    constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
    constexpr std::uint32_t kArch = offsetof(seccomp_data, arch);
    constexpr std::uint32_t kFamily =  // the kernel looks at these 32 bits only
        offsetof(seccomp_data, args) + (std::endian::native == std::endian::little ? 0 : 4);
    const sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 4, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~kX32Bit),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 3, 16),
        // 6: of 32-bit programs
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSocket32, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSocketpair32, 0, 13),
        // 9: the family
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFamily),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kMost, 10, 0),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kWord, 3, 0),
        BPF_STMT(BPF_LD | BPF_IMM, static_cast<std::uint32_t>(families)),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 6, 5),
        // 16: of the upper word
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, kWord),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_IMM, static_cast<std::uint32_t>(families >> kWord)),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0),
        // 21: denied, 22: allowed
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return load(filter);
}

}  // namespace

int take_personality(const FilteredVps& vps) noexcept {
    return vps.old_32_bit && personality(PER_LINUX32) < 0 ? errno : 0;
}

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
    if (const int error = load_families(kFamilies | vps.socket_families))
        return error;
    return load(kEvery);
}

}  // namespace vps

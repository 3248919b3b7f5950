// Build-time program: compiles the lists below with libseccomp and prints one of the filters as C++
// initialisers for syscall_filter.cc. Runs unprivileged on the build machine.
//
//   make-syscall-filter every|host-user|io-uring|socketcall

#include <linux/fs.h>
#include <linux/mount.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string_view>

namespace {

constexpr std::array<const char*, 24> kDenied{
    // calls over the time of the host
    "adjtimex",
    "clock_adjtime",
    "clock_adjtime64",
    "clock_settime",
    "clock_settime64",
    "settimeofday",
    "stime",
    // calls over the host's kernel and hardware
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "iopl",
    "ioperm",
    "syslog",
    // calls over the host's swap, accounting and quota
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    // handles that know no namespaces
    "open_by_handle_at",
    // calls that open windows into the kernel
    "bpf",
    "perf_event_open",
    "userfaultfd",
};

// Keys know no namespaces either. Container runtimes in a VPS stop at EPERM, and go on without keys
// where the kernel has none.
constexpr std::array kAbsent{"add_key", "keyctl", "request_key"};

constexpr std::uint64_t kTypeMask = 0xf;  // of a socket's type; the rest are flags (socket(2))

constexpr std::uint64_t kRemount = 32, kBind = 4096;  // MS_REMOUNT, MS_BIND of mount(2)

[[noreturn]] void die(const char* what, int error) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(-error));
    std::_Exit(1);
}

void deny(scmp_filter_ctx filter, const char* name, int error,
          std::initializer_list<scmp_arg_cmp> when = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR)
        die(name, -ENOSYS);
    const int result =
        seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), number,
                               static_cast<unsigned>(when.size()), when.begin());
    if (result < 0 && result != -EDOM)
        die(name, result);  // EDOM: the architecture lacks the call
}

// The kernel looks at 32 bits of each of these arguments only.
scmp_arg_cmp equals(unsigned argument, std::uint64_t value, std::uint64_t mask = 0xffffffff) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// The internet's protocols SCTP and DCCP are modules; sockets name them by number or by type.
void deny_protocols(scmp_filter_ctx filter) {
    for (const std::uint64_t family : {AF_INET, AF_INET6}) {
        for (const std::uint64_t type : {SOCK_SEQPACKET, SOCK_DCCP})
            deny(filter, "socket", EPROTONOSUPPORT,
                 {equals(0, family), equals(1, type, kTypeMask)});
        for (const std::uint64_t protocol : {IPPROTO_SCTP, IPPROTO_DCCP})
            deny(filter, "socket", EPROTONOSUPPORT, {equals(0, family), equals(2, protocol)});
    }
}

// A remount that is not of a bind mount changes the file system itself, for everybody: a VPS that
// shuts down would make /vz read-only on the host.
void deny_remount(scmp_filter_ctx filter) {
    deny(filter, "mount", EPERM, {equals(3, kRemount, kRemount | kBind)});
    deny(filter, "fsconfig", EPERM, {equals(1, FSCONFIG_CMD_RECONFIGURE)});
}

// A file system that is frozen stands still for everybody.
void deny_freezing(scmp_filter_ctx filter) {
    for (const std::uint64_t command : {FIFREEZE, FITHAW})
        deny(filter, "ioctl", EPERM, {equals(1, command)});
}

void fill(scmp_filter_ctx filter, std::string_view name) {
    if (name == "every") {
        for (const char* call : kDenied)
            deny(filter, call, EPERM);
        for (const char* call : kAbsent)
            deny(filter, call, ENOSYS);
        deny_protocols(filter);
    } else if (name == "host-user") {
        deny_remount(filter);
        deny_freezing(filter);
    } else if (name == "io-uring") {
        // Programs do without where the kernel has none.
        for (const char* call : {"io_uring_setup", "io_uring_enter", "io_uring_register"})
            deny(filter, call, ENOSYS);
    } else if (name == "socketcall") {
        // The arguments of socketcall are in memory, where no filter sees them. Programs have the
        // calls of their own since Linux 4.3, and take them since glibc 2.23.
        for (const std::uint64_t call : {1 /* SYS_SOCKET */, 8 /* SYS_SOCKETPAIR */})
            deny(filter, "socketcall", ENOSYS, {equals(0, call)});
    } else {
        std::fputs("which filter?\n", stderr);
        std::exit(2);
    }
}

}  // namespace

int main(int argc, char** argv) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        die("libseccomp", -ENOMEM);
#ifdef __x86_64__
    // 32-bit programs are common in old VPSes.
    for (const std::uint32_t arch : {SCMP_ARCH_X86, SCMP_ARCH_X32})
        if (const int result = seccomp_arch_add(filter, arch); result < 0)
            die("architecture", result);
#endif
    // An unknown architecture's calls fail as if they did not exist.
    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree, not a list
    fill(filter, argc == 2 ? argv[1] : "");

    const int file = memfd_create("filter", MFD_CLOEXEC);
    if (const int result = seccomp_export_bpf(filter, file); result < 0)
        die("export", result);
    (void)lseek(file, 0, SEEK_SET);
    struct {
        std::uint16_t code;
        std::uint8_t jt, jf;
        std::uint32_t k;
    } instruction;
    while (read(file, &instruction, sizeof instruction) == sizeof instruction)
        std::printf("{%u, %u, %u, %uU},\n", unsigned{instruction.code}, unsigned{instruction.jt},
                    unsigned{instruction.jf}, instruction.k);
    seccomp_release(filter);
    return 0;
}

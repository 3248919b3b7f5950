// Build-time program: compiles the deny list below with libseccomp and prints it as C++
// initialisers for syscall_filter.cc. Runs unprivileged on the build machine.

#include <linux/mount.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::array<const char*, 27> kDenied{
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
    // calls for keys and handles, which know no namespaces
    "add_key",
    "keyctl",
    "request_key",
    "open_by_handle_at",
    // calls that open windows into the kernel
    "bpf",
    "perf_event_open",
    "userfaultfd",
};

constexpr std::uint64_t kRemount = 32, kBind = 4096;  // MS_REMOUNT, MS_BIND of mount(2)

[[noreturn]] void die(const char* what, int error) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(-error));
    std::_Exit(1);
}

void deny(scmp_filter_ctx filter, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR)
        die(name, -ENOSYS);
    const int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
    if (result < 0 && result != -EDOM)
        die(name, result);  // EDOM: the architecture lacks the call
}

// A remount that is not of a bind mount changes the file system itself, for everybody: a VPS that
// shuts down would make /vz read-only on the host.
void deny_remount(scmp_filter_ctx filter) {
    const scmp_arg_cmp flags{3, SCMP_CMP_MASKED_EQ, kRemount | kBind, kRemount};
    int result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mount), 1, &flags);
    if (result < 0)
        die("mount", result);
    // The kernel looks at 32 bits of the command only.
    const scmp_arg_cmp command{1, SCMP_CMP_MASKED_EQ, 0xffffffff, FSCONFIG_CMD_RECONFIGURE};
    result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fsconfig), 1, &command);
    if (result < 0)
        die("fsconfig", result);
}

}  // namespace

int main() {
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
    for (const char* name : kDenied)
        deny(filter, name);
    deny_remount(filter);

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

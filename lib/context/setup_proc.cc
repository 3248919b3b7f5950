#include "context/setup_proc.hh"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>

#include "context/setup_mount.hh"

namespace vps {

namespace {

constexpr ApiMount kProc{"proc", "/proc", kNoProgram, nullptr, 0555};

// Parts of /proc through which a VPS would change the host. Files that know network namespaces stay
// writable. A part that this kernel lacks is no loss.
constexpr std::array kReadOnlyProc{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq",  "/proc/bus",
                                   "/proc/fs",  "/proc/acpi",          "/proc/scsi", "/proc/mtrr"};
// Settings of the VPS's own network, IPC and UTS namespaces. kernel.shmall is not among them: it is
// SHMPAGES's.
constexpr std::array kWritableProc{"/proc/sys/net",
                                   "/proc/sys/fs/mqueue",
                                   "/proc/sys/kernel/hostname",
                                   "/proc/sys/kernel/domainname",
                                   "/proc/sys/kernel/sem",
                                   "/proc/sys/kernel/shmmax",
                                   "/proc/sys/kernel/shmmni",
                                   "/proc/sys/kernel/shm_rmid_forced",
                                   "/proc/sys/kernel/msgmax",
                                   "/proc/sys/kernel/msgmnb",
                                   "/proc/sys/kernel/msgmni"};
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
// Files that tell of the host, which is no VPS's business: they read as empty.
constexpr std::array kMaskedProc{"/proc/kcore", "/proc/kallsyms", "/proc/timer_list",
                                 "/proc/sched_debug", "/proc/latency_stats"};

int bind_on_itself(const char* path, unsigned long flags) noexcept {
    if (mount(path, path, nullptr, MS_BIND, nullptr) < 0)
        return errno;
    return result_of(
        mount(nullptr, path, nullptr, MS_BIND | MS_REMOUNT | kNoProgram | flags, nullptr));
}

}  // namespace

int make_proc(ContextSetup& setup) noexcept {
    return make_detached(kProc, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV,
                         setup.proc);
}

int mount_proc(ContextSetup& setup) noexcept {
    return attach_detached(kProc, setup.proc);
}

int protect_proc(ContextSetup&) noexcept {
    for (const char* path : kReadOnlyProc)
        if (const int error = bind_on_itself(path, MS_RDONLY); error != 0 && error != ENOENT)
            return error;
    for (const char* path : kWritableProc)
        if (const int error = bind_on_itself(path, 0); error != 0 && error != ENOENT)
            return error;
    return 0;
}

// Users may ping without privileges, as systemd has it. Its own setting fails in a VPS: it names
// ids that the VPS does not have.
int let_users_ping(ContextSetup& setup) noexcept {
    const int file = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return 0;                                                  // a kernel without such sockets
    (void)!write(file, setup.groups.data(), setup.groups.size());  // programs ping as root then
    close(file);
    return 0;
}

int mask_proc(ContextSetup&) noexcept {
    for (const char* path : kMaskedProc)
        if (mount("/dev/null", path, nullptr, MS_BIND, nullptr) < 0 && errno != ENOENT)
            return errno;
    return 0;
}

// Each boot of a VPS is one of its own for what runs in it (random(4), boot_id): a random UUID,
// version 4, in a file that no name leads to but this one.
int give_boot_id(ContextSetup&) noexcept {
    unsigned char id[16];
    if (getrandom(id, sizeof id, 0) != sizeof id)
        return errno;
    id[6] = static_cast<unsigned char>((id[6] & 0x0f) | 0x40);
    id[8] = static_cast<unsigned char>((id[8] & 0x3f) | 0x80);
    char text[2 * sizeof id + 5];
    std::size_t at = 0;
    for (std::size_t i = 0; i < sizeof id; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = "0123456789abcdef"[id[i] >> 4];
        text[at++] = "0123456789abcdef"[id[i] & 0xf];
    }
    text[at++] = '\n';
    constexpr const char* kFile = "/dev/.boot-id";
    const int file = open(kFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (file < 0)
        return errno;
    const ssize_t written = write(file, text, at);
    close(file);
    if (written != static_cast<ssize_t>(at))
        return ENOSPC;
    if (mount(kFile, kBootId, nullptr, MS_BIND, nullptr) < 0)
        return errno;
    if (mount(nullptr, kBootId, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | kNoProgram, nullptr) <
        0)
        return errno;
    return result_of(unlink(kFile));
}

}  // namespace vps

#include "context/setup_dev.hh"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "context/setup_mount.hh"
#include "sys/child_report.hh"
#include "sys/send_fds.hh"

namespace vps {

namespace {

constexpr ApiMount kTerminals{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, nullptr, 0755};
constexpr std::array kDevMounts{
    ApiMount{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_STRICTATIME, "mode=1777", 01777},
    ApiMount{"mqueue", "/dev/mqueue", kNoProgram, nullptr, 01777},
};

struct DeviceLink {
    const char* path;
    const char* target;
};

constexpr std::array kDeviceLinks{
    DeviceLink{"/dev/fd", "/proc/self/fd"},       DeviceLink{"/dev/stdin", "/proc/self/fd/0"},
    DeviceLink{"/dev/stdout", "/proc/self/fd/1"}, DeviceLink{"/dev/stderr", "/proc/self/fd/2"},
    DeviceLink{"/dev/core", "/proc/kcore"},
};

}  // namespace

int make_dev(ContextSetup& setup) noexcept {
    if (const int error = make_directory(kDev, 0755))
        return error;
    if (const int error = attach_received(setup, AT_FDCWD))
        return error;
    ApiMount terminals = kTerminals;
    terminals.options = setup.terminal_options.c_str();
    if (const int error = mount_api(terminals))
        return error;
    for (const ApiMount& spec : kDevMounts)
        if (const int error = mount_api(spec))
            return error;
    for (const DeviceLink& link : kDeviceLinks)
        if (symlink(link.target, link.path) < 0)
            return errno;
    return 0;
}

// A user namespace within the VPS may mount a /proc or /sys of its own only where its mount
// namespace has one that nothing covers, and /sys must not be read-only: bwrap and rootless
// containers need both. The copies are in a directory that users cannot enter; root of the VPS
// could uncover its own /proc anyway. The name is LXC's: podman, runc and containerd look through
// /dev for devices, pass over a directory of that name, and stop at /proc/tty/driver of a copy
// that has another. With USERNS=no what covers /proc is a guard, and there are no copies.
int keep_uncovered(ContextSetup& setup) noexcept {
    constexpr const char* kPlace = "/dev/.lxc";
    struct Copy {
        const char *source, *target;
    };
    if (!setup.filtered.user_namespace)
        return 0;
    if (const int error = make_directory(kPlace, 0700))
        return error;
    for (const auto& [source, target] :
         {Copy{"/proc", "/dev/.lxc/proc"}, Copy{"/sys", "/dev/.lxc/sys"}}) {
        if (const int error = make_directory(target, 0555))
            return error;
        // MS_REC is left out, so that mounts over parts of the source do not come along.
        if (mount(source, target, nullptr, MS_BIND, nullptr) < 0)
            return errno;
    }
    return result_of(chmod(kPlace, 0));
}

// A terminal of the VPS's own devpts, whose master goes to the supervisor; its slave is
// /dev/console, and stdin, stdout and stderr of init.
int hand_over_console(ContextSetup& setup) noexcept {
    const int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return errno;
    unsigned number = 0;
    int locked = 0;
    if (ioctl(master, TIOCGPTN, &number) < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0)
        return errno;
    if (number != 0)
        return EBUSY;  // the instance is new, and no other process has it
    if (chmod("/dev/pts/0", 0600) < 0)
        return errno;
    const int file = open("/dev/console", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (file < 0)
        return errno;
    close(file);
    if (mount("/dev/pts/0", "/dev/console", nullptr, MS_BIND, nullptr) < 0)
        return errno;

    const ChildReport ready{0, 0};
    const int error = send_fds(setup.channel, &ready, sizeof ready, &master, 1);
    close(master);
    return error;
}

int take_console(ContextSetup&) noexcept {
    setsid();
    const int console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (console < 0)
        return errno;
    for (int fd = 0; fd <= 2; ++fd)
        if (dup2(console, fd) < 0)
            return errno;
    return result_of(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC));
}

}  // namespace vps

#include "context/become_init.hh"

#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "context/entry.hh"
#include "context/launch.hh"
#include "context/syscall_filter.hh"
#include "sys/process.hh"
#include "sys/send_fds.hh"

namespace vps {

namespace {

// Each step returns 0 or the errno of its failure. From enter_root() on, all paths are the VPS's.
using StepFunction = int (*)(ContextSetup&) noexcept;

int result_of(long result) noexcept {
    return result < 0 ? errno : 0;
}

int make_directory(const char* path, mode_t mode) noexcept {
    return mkdir(path, mode) < 0 && errno != EEXIST ? errno : 0;
}

// ---- the mounts and nodes of the VPS, as data ---------------------------------------------------

struct ApiMount {
    const char* type;
    const char* target;
    unsigned long flags;
    const char* options;
    mode_t mode;  // of the target, if it has to be made
};

constexpr unsigned long kNoProgram = MS_NOSUID | MS_NOEXEC | MS_NODEV;

constexpr ApiMount kProc{"proc", "/proc", kNoProgram, nullptr, 0555};
constexpr ApiMount kSys{"sysfs", "/sys", kNoProgram, nullptr, 0555};
constexpr ApiMount kCgroup{"cgroup2", "/sys/fs/cgroup", kNoProgram, nullptr, 0555};
// As the systemd of that time finds them, mounted already.
constexpr std::array kOldCgroups{
    ApiMount{"tmpfs", "/sys/fs/cgroup", kNoProgram, "mode=755", 0555},
    ApiMount{"cgroup", "/sys/fs/cgroup/systemd", kNoProgram, "none,name=systemd,xattr", 0755},
};
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

// A mount that is in no tree yet.
int make_detached(const ApiMount& spec, std::uint64_t attributes, int& made) noexcept {
    const int fs = static_cast<int>(syscall(SYS_fsopen, spec.type, FSOPEN_CLOEXEC));
    if (fs < 0)
        return errno;
    int error = result_of(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    if (error == 0) {
        made = static_cast<int>(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
        error = result_of(made);
    }
    close(fs);
    return error;
}

int attach_detached(const ApiMount& spec, int& made) noexcept {
    if (const int error = make_directory(spec.target, spec.mode))
        return error;
    const int error = result_of(syscall(SYS_move_mount, made, "", AT_FDCWD, spec.target,
                                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS));
    close(made);
    made = -1;
    return error;
}

int mount_api(const ApiMount& spec) noexcept {
    if (const int error = make_directory(spec.target, spec.mode))
        return error;
    return result_of(mount(spec.type, spec.target, spec.type, spec.flags, spec.options));
}

// ---- the steps ----------------------------------------------------------------------------------

// The process has copies of the supervisor's descriptors. With the supervisor's end of the channel
// it would not see that the supervisor has died, and with the lock it would keep everybody else
// from the VPS.
int leave_descriptors(ContextSetup& setup) noexcept {
    return close_all_but({setup.channel});
}

// Until init is executed, the VPS dies with its supervisor; nobody inside may look into this
// process, which still runs the host's program.
int tie_to_supervisor(ContextSetup&) noexcept {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ? errno : 0;
}

int reset_process(ContextSetup&) noexcept {
    reset_signals();
    signal(SIGCHLD, SIG_IGN);  // processes that N.start leaves behind are reaped
    umask(0);
    return 0;
}

// The mounts come from the supervisor, which may open and make files that a VPS must not.
int receive_root(ContextSetup& setup) noexcept {
    SetupRoot message{};
    const ssize_t length = receive_fds(setup.channel, &message, sizeof message, &setup.root, 1);
    if (length < 0)
        return errno;
    if (length != sizeof message || message.signal != SetupSignal::Root || setup.root < 0)
        return ECANCELED;
    setup.mounts = message.mounts;
    setup.views = message.views;
    return 0;
}

// Later mounts of the host show up below VE_ROOT; no mount of the VPS shows up on the host.
int receive_mounts(ContextSetup&) noexcept {
    return result_of(mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr));
}

int attach_received(ContextSetup& setup, int dir) noexcept {
    char path[PATH_MAX];
    int mount = -1;
    const ssize_t length = receive_fds(setup.channel, path, sizeof path, &mount, 1);
    if (length < 0)
        return errno;
    if (length == 0 || path[length - 1] != '\0' || mount < 0)
        return ECANCELED;
    const int error =
        result_of(syscall(SYS_move_mount, mount, "", dir, path, MOVE_MOUNT_F_EMPTY_PATH));
    close(mount);
    return error;
}

// Works by descriptors where it can: the way to VE_ROOT may be closed to the ids of the VPS.
int enter_root(ContextSetup& setup) noexcept {
    if (syscall(SYS_move_mount, setup.root, "", AT_FDCWD, setup.mount_point.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        fchdir(setup.root) < 0)
        return errno;
    // Targets of mounts have no symbolic link in them.
    for (; setup.mounts > 0; --setup.mounts)
        if (const int error = attach_received(setup, setup.root))
            return error;
    close(setup.root);
    return result_of(syscall(SYS_pivot_root, ".", "."));
}

// Until here the process is the host's root, a user id that its user namespace does not know.
int become_root(ContextSetup& setup) noexcept {
    if (!setup.filtered.user_namespace)
        return 0;
    if (const int error = become_root_inside())
        return error;
    return tie_to_supervisor(setup);  // a change of ids unties
}

// In a user namespace the kernel makes these two only while others of their kind are in sight, the
// host's.
int make_api_mounts(ContextSetup& setup) noexcept {
    constexpr std::uint64_t kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;
    if (const int error = make_detached(kProc, kAttributes, setup.proc))
        return error;
    return make_detached(kSys, kAttributes, setup.sys);
}

int mount_proc(ContextSetup& setup) noexcept {
    return attach_detached(kProc, setup.proc);
}

// The old root lies over the new one since pivot_root(".", "."): the working directory is below it.
// From here on a symbolic link in the VPS's tree, as /sys -> ../../etc, leads nowhere else than for
// the VPS itself: no step tells by its success what the host has.
int leave_host_tree(ContextSetup&) noexcept {
    if (umount2(".", MNT_DETACH) < 0)
        return errno;
    return result_of(chdir("/"));
}

int bind_on_itself(const char* path, unsigned long flags) noexcept {
    if (mount(path, path, nullptr, MS_BIND, nullptr) < 0)
        return errno;
    return result_of(
        mount(nullptr, path, nullptr, MS_BIND | MS_REMOUNT | kNoProgram | flags, nullptr));
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

int mount_sys(ContextSetup& setup) noexcept {
    return attach_detached(kSys, setup.sys);
}

// lxcfs serves these files; a file that this kernel lacks needs no mount.
int receive_views(ContextSetup& setup) noexcept {
    for (; setup.views > 0; --setup.views)
        if (const int error = attach_received(setup, AT_FDCWD); error != 0 && error != ENOENT)
            return error;
    return 0;
}

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
// could uncover its own /proc anyway. With USERNS=no what covers /proc is a guard, and there are no
// copies.
int keep_uncovered(ContextSetup& setup) noexcept {
    constexpr const char* kPlace = "/dev/.uncovered";
    struct Copy {
        const char *source, *target;
    };
    if (!setup.filtered.user_namespace)
        return 0;
    if (const int error = make_directory(kPlace, 0700))
        return error;
    for (const auto& [source, target] :
         {Copy{"/proc", "/dev/.uncovered/proc"}, Copy{"/sys", "/dev/.uncovered/sys"}}) {
        if (const int error = make_directory(target, 0555))
            return error;
        // Without MS_REC: what lies over parts of it does not come along.
        if (mount(source, target, nullptr, MS_BIND, nullptr) < 0)
            return errno;
    }
    return result_of(chmod(kPlace, 0));
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

int set_hostname(ContextSetup& setup) noexcept {
    return result_of(sethostname(setup.hostname.data(), setup.hostname.size()));
}

int raise_loopback(ContextSetup&) noexcept {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    ifreq request{};
    memcpy(request.ifr_name, "lo", sizeof "lo");
    request.ifr_flags = IFF_UP;
    const int error = result_of(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
    return error;
}

int make_cgroup_namespace(ContextSetup& setup) noexcept {
    if (unshare(CLONE_NEWCGROUP) < 0)
        return errno;
    if (!setup.named_hierarchy)
        return mount_api(kCgroup);
    for (const ApiMount& spec : kOldCgroups)
        if (const int error = mount_api(spec))
            return error;
    return 0;
}

int protect_sys(ContextSetup&) noexcept {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    return result_of(mount_setattr(AT_FDCWD, "/sys", 0, &attributes, sizeof attributes));
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

// Init, N.start and every process that enters have this bounding set, which is init's.
int drop_capabilities(ContextSetup& setup) noexcept {
    return keep_capabilities(setup.capabilities);
}

int filter_syscalls(ContextSetup& setup) noexcept {
    if (const int error = take_personality(setup.filtered))
        return error;
    return install_syscall_filter(setup.filtered);
}

int wait_for_go(ContextSetup& setup) noexcept {
    SetupSignal got{};
    const ssize_t length = receive_fds(setup.channel, &got, sizeof got, &setup.launcher, 1);
    if (length < 0)
        return errno;
    // The supervisor has gone, or gave up.
    return length == sizeof got && got == SetupSignal::Go && setup.launcher >= 0 ? 0 : ECANCELED;
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

int execute_init(ContextSetup& setup) noexcept {
    signal(SIGCHLD, SIG_DFL);
    umask(022);
    if (prctl(PR_SET_PDEATHSIG, 0) < 0)
        return errno;
    return launch(setup.launcher, setup.channel, setup.words.data(), setup.envp.data());
}

struct Step {
    const char* name;
    StepFunction run;
};

// The steps from a forked process to the VPS's init.
constexpr std::array kSteps{
    Step{"leave the supervisor's descriptors", leave_descriptors},
    Step{"tie the VPS to its supervisor", tie_to_supervisor},
    Step{"reset signals and umask", reset_process},
    // These steps run while the supervisor maps the ids, and makes the root:
    Step{"receive mounts of the host", receive_mounts},
    Step{"set the host name", set_hostname},
    Step{"bring up the loopback interface", raise_loopback},
    Step{"receive the root", receive_root},
    Step{"make VE_ROOT the root directory", enter_root},
    Step{"become root of the user namespace", become_root},
    Step{"drop capabilities", drop_capabilities},
    Step{"make /proc and /sys", make_api_mounts},
    Step{"leave the host's directory tree", leave_host_tree},
    Step{"mount /proc", mount_proc},
    Step{"make parts of /proc read-only", protect_proc},
    Step{"let users ping", let_users_ping},
    Step{"mount /sys", mount_sys},
    Step{"mount files of lxcfs", receive_views},
    Step{"make /dev", make_dev},
    Step{"keep an uncovered /proc and /sys", keep_uncovered},
    Step{"hide parts of /proc", mask_proc},
    Step{"give the VPS a boot id", give_boot_id},
    Step{"make the cgroup namespace", make_cgroup_namespace},
    Step{"make /sys read-only", protect_sys},
    Step{"make the console", hand_over_console},
    Step{"filter system calls", filter_syscalls},
    Step{"open the console", take_console},
    Step{"wait for the start", wait_for_go},
    Step{"execute init", execute_init},
};

constexpr auto kStepNames = [] {
    std::array<const char*, kSteps.size()> names{};
    for (std::size_t i = 0; i < kSteps.size(); ++i)
        names[i] = kSteps[i].name;
    return names;
}();

}  // namespace

const StepNames kSetupSteps(kStepNames);

void prepare_launch(ContextSetup& setup) {
    // "": an init's first word is its path.
    setup.launch_words = launch_words(static_cast<int>(kSteps.size()) - 1, false,
                                      {std::begin(kInits), std::end(kInits)}, {""});
    setup.words = pointers_to(setup.launch_words);
    setup.envp = pointers_to(setup.environment);
}

void become_init(ContextSetup& setup) noexcept {
    for (std::size_t i = 0; i < kSteps.size(); ++i)
        if (const int error = kSteps[i].run(setup)) {
            const ChildReport report{static_cast<int>(i), error};
            (void)!send(setup.channel, &report, sizeof report, MSG_NOSIGNAL);
            _exit(1);
        }
    _exit(1);  // not reached: the last step does not return 0
}

}  // namespace vps

#include "context/become_init.hh"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "context/entry.hh"
#include "context/launch.hh"
#include "context/setup_dev.hh"
#include "context/setup_mount.hh"
#include "context/setup_proc.hh"
#include "context/setup_sys.hh"
#include "context/syscall_filter.hh"
#include "sys/process.hh"
#include "sys/send_fds.hh"

namespace vps {

namespace {

// Each step returns 0 or the errno of its failure. From enter_root() on, all paths are the VPS's.
using StepFunction = int (*)(ContextSetup&) noexcept;

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

// In a user namespace the kernel makes a /proc and a /sys only while others of their kind are in
// sight: the host's.
int make_api_mounts(ContextSetup& setup) noexcept {
    if (const int error = make_proc(setup))
        return error;
    return make_sys(setup);
}

// The old root lies over the new one since pivot_root(".", "."): the working directory is below it.
// From here on a symbolic link in the VPS's tree, as /sys -> ../../etc, leads nowhere else than for
// the VPS itself: no step tells by its success what the host has.
int leave_host_tree(ContextSetup&) noexcept {
    if (umount2(".", MNT_DETACH) < 0)
        return errno;
    return result_of(chdir("/"));
}

// lxcfs serves these files; a file that this kernel lacks needs no mount.
int receive_views(ContextSetup& setup) noexcept {
    for (; setup.views > 0; --setup.views)
        if (const int error = attach_received(setup, AT_FDCWD); error != 0 && error != ENOENT)
            return error;
    return 0;
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

// systemd leaves this to who starts a container: what a VPS mounts later is then seen in its
// services and containers that have a mount namespace of their own. The mounts stay slaves of the
// host's, too: nothing gets out.
int share_mounts(ContextSetup&) noexcept {
    return result_of(mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr));
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
    Step{"share mounts within the VPS", share_mounts},
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

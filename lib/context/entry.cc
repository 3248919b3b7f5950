#include "context/entry.hh"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "context/launch.hh"
#include "context/syscall_filter.hh"
#include "sys/process.hh"
#include "sys/send_fds.hh"

namespace vps {

namespace {

enum class Step : int {
    JoinCgroup,
    JoinKeyring,
    SetLimits,
    JoinGroup,
    EnterNamespaces,
    MakeProcess,
    BecomeRoot,
    KeepDescriptors,
    EnterRoot,
    DropCapabilities,
    FilterSyscalls,
    OpenTerminal,
    BecomeUser,
    OpenPipes,
    PlaceStreams,
    BecomeLauncher,
};

// The names stand in the order of the steps.
constexpr std::array kStepNames{
    "create a process in its cgroup",
    "join a session keyring",
    "set resource limits",
    "join its cgroup of version 1",
    "enter its namespaces",
    "create the process inside",
    "become root of the user namespace",
    "keep our descriptors",
    "enter the root directory",
    "drop capabilities",
    "filter system calls",
    "open a terminal",
    "become the user",
    "open pipes",
    "hand over the streams",
    "become the launcher",
};
static_assert(kStepNames.size() == static_cast<std::size_t>(Step::BecomeLauncher) + 1);

void tell(int channel, Step step, int error) noexcept {
    const Report failure{News::NotEntered, {static_cast<int>(step), error}};
    (void)send_fds(channel, &failure, sizeof failure, nullptr, 0);
}

[[noreturn]] void give_up(int channel, Step step, int error) noexcept {
    tell(channel, step, error);
    _exit(127);
}

// A descriptor that reads as empty: the VPS's /dev/null if that is what it is (its owner may have
// put any file there), else a pipe that nobody writes to.
int open_empty() noexcept {
    const int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat file {};
    if (fd >= 0 && fstat(fd, &file) == 0 && S_ISCHR(file.st_mode) && file.st_rdev == makedev(1, 3))
        return fd;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    close(ends[1]);
    return ends[0];
}

// stdin, stdout and stderr, and the caller's ends of them in the order of ContextProcess.
struct Streams {
    std::array<int, 3> inside{-1, -1, -1};
    std::array<int, 3> ours{-1, -1, -1};
    std::size_t count = 0;  // of ours
};

// The caller is the user, who then owns the pipes and can open /dev/stdout.
int open_pipes(ContextInput input, Streams& streams) noexcept {
    int ends[2];
    for (const std::size_t stream : {1U, 2U}) {
        if (pipe2(ends, O_CLOEXEC) < 0)
            return errno;
        streams.ours[streams.count++] = ends[0];
        streams.inside[stream] = ends[1];
    }
    if (input == ContextInput::Empty) {
        streams.inside[0] = open_empty();
        return streams.inside[0] < 0 ? errno : 0;
    }
    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    streams.ours[streams.count++] = ends[1];
    streams.inside[0] = ends[0];
    return 0;
}

// Opens pts/ptmx below the directory, where the VPS's owner may have put any file. Returns -1 with
// errno where it is none.
int open_multiplexer(int directory, const char* path) noexcept {
    const int master =
        openat(directory, path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat file {};
    if (master < 0 || fstat(master, &file) < 0)
        return -1;
    if (S_ISCHR(file.st_mode) && file.st_rdev == makedev(5, 2))
        return master;
    close(master);
    errno = ENOTTY;
    return -1;
}

// The multiplexer of a devpts of its own, whose terminals have no name in the VPS.
int open_own_multiplexer() noexcept {
    const int context = fsopen("devpts", FSOPEN_CLOEXEC);
    if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
        return -1;
    const int mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    return mount < 0 ? -1 : open_multiplexer(mount, "ptmx");
}

// A terminal of the VPS's devpts, or of another where that is covered. To be called as root.
int open_terminal(const ContextTerminal& wanted, uid_t user, Streams& streams) noexcept {
    int master = open_multiplexer(AT_FDCWD, "/dev/pts/ptmx");
    if (master < 0)
        master = open_own_multiplexer();
    if (master < 0)
        return errno;
    int locked = 0;
    if (ioctl(master, TIOCSPTLCK, &locked) < 0)
        return errno;
    const int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return errno;
    if (fchown(slave, user, static_cast<gid_t>(-1)) < 0 ||
        tcsetattr(slave, TCSANOW, &wanted.modes) < 0 ||
        ioctl(slave, TIOCSWINSZ, &wanted.size) < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
        return errno;
    streams.inside = {slave, slave, slave};
    streams.ours = {master, slave, -1};
    streams.count = 2;
    return 0;
}

constexpr int kAboveStreams = 10;

int place_streams(Streams& streams, int text, int channel) noexcept {
    const Report ready{News::Streams, {}};
    if (const int error =
            send_fds(channel, &ready, sizeof ready, streams.ours.data(), streams.count))
        return error;
    // The streams may have numbers that are about to be taken.
    for (int& fd : streams.inside)
        if ((fd = fcntl(fd, F_DUPFD_CLOEXEC, kAboveStreams)) < 0)
            return errno;
    for (int i = 0; i < 3; ++i)
        if (dup2(streams.inside[static_cast<std::size_t>(i)], i) < 0)
            return errno;
    if (text >= 0 && dup2(text, kTextFd) < 0)
        return errno;
    const unsigned first_foreign = text >= 0 ? kTextFd + 1 : kTextFd;
    return close_range(first_foreign, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? errno : 0;
}

int become(const ContextUser& user) noexcept {
    // A change of ids makes a process what the sysctl suid_dumpable says.
    return setgroups(user.groups.size(), user.groups.data()) < 0 ||
                   setresgid(user.gid, user.gid, user.gid) < 0 ||
                   setresuid(user.uid, user.uid, user.uid) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0
               ? errno
               : 0;
}

// A step that has failed is the last one.
void require(int channel, Step step, int error) noexcept {
    if (error != 0)
        give_up(channel, step, error);
}

[[noreturn]] void run_inside(const Entry& entry) noexcept {
    // ---- in the VPS context -------------------------------------------------------------------
    const ContextCommand& command = *entry.command;
    setsid();
    reset_signals();
    if ((entry.namespaces & CLONE_NEWUSER) != 0)
        require(entry.channel, Step::BecomeRoot, become_root_inside());
    umask(022);
    const auto lift = [&](int fd) {
        const int lifted = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, kAboveStreams);
        if (fd >= 0 && lifted < 0)
            give_up(entry.channel, Step::KeepDescriptors, errno);
        return lifted;
    };
    const int channel = lift(entry.channel), text = lift(entry.text);
    const int launcher = lift(entry.launcher), launch_report = lift(entry.launch_report);
    if (chdir("/") < 0)
        give_up(channel, Step::EnterRoot, errno);
    require(channel, Step::DropCapabilities, keep_capabilities(entry.capabilities));
    require(channel, Step::FilterSyscalls, take_personality(entry.filtered));
    require(channel, Step::FilterSyscalls, install_syscall_filter(entry.filtered));
    Streams streams;
    if (command.terminal)
        require(channel, Step::OpenTerminal,
                open_terminal(*command.terminal, command.user.uid, streams));
    require(channel, Step::BecomeUser, become(command.user));
    if (!command.terminal)
        require(channel, Step::OpenPipes, open_pipes(command.input, streams));
    require(channel, Step::PlaceStreams, place_streams(streams, text, channel));
    (void)!chdir(command.user.home.c_str());  // else it stays in "/"
    give_up(channel, Step::BecomeLauncher,
            launch(launcher, launch_report, entry.words, entry.envp));
}

}  // namespace

const StepNames kEntrySteps(kStepNames);

void tell_unborn(int channel, int error) noexcept {
    tell(channel, Step::JoinCgroup, error);
}

void enter_context(const Entry& entry) noexcept {
    // Keys of the session that we were called from stay there.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS)
        give_up(entry.channel, Step::JoinKeyring, errno);
    require(entry.channel, Step::SetLimits, set_init_limits(0, entry.limits));
    if (entry.named_group >= 0 && write(entry.named_group, "0", 1) < 0)
        give_up(entry.channel, Step::JoinGroup, errno);
    // Whatever the caller's is, what runs in the VPS is no more precious than the rest of it.
    set_oom_score("0");
    // Nobody inside may look into our memory or at our executable before exec replaces them.
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || setns(entry.init, entry.namespaces) < 0)
        give_up(entry.channel, Step::EnterNamespaces, errno);
    // The pid namespace takes effect in children. CLONE_PARENT: the process is our parent's child.
    clone_args args{};
    args.flags = CLONE_PARENT;
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        give_up(entry.channel, Step::MakeProcess, errno);
    if (pid == 0)
        run_inside(entry);
    _exit(0);
}

int become_root_inside() noexcept {
    // A change of ids makes a process what the sysctl suid_dumpable says.
    return setgroups(0, nullptr) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ||
                   prctl(PR_SET_DUMPABLE, 0) < 0
               ? errno
               : 0;
}

}  // namespace vps

#include "context/vps_context.hh"

#include <fmt/format.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <csignal>

#include "context/capabilities.hh"
#include "context/launch.hh"
#include "context/syscall_filter.hh"
#include "limits/init_limits.hh"
#include "sys/error.hh"
#include "sys/memory_file.hh"
#include "sys/send_fds.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

// What goes up the channel, until the launcher is executed.
enum class News : int {
    Started,     // value: the pid of the process inside
    Streams,     // our ends of its streams come along
    NotEntered,  // value: the errno of what failed on the way
};

struct Report {
    News news;
    int value;
};

// Those of the VPS's namespaces that are not ours: its own user namespace cannot be entered twice.
int namespaces_of(pid_t init_pid) {
    int flags = 0;
    for (const Namespace& ns : kNamespaces)
        if (sys::readlink(fmt::format("/proc/{}/ns/{}", init_pid, ns.name)) !=
            sys::readlink(fmt::format("/proc/self/ns/{}", ns.name)))
            flags |= ns.flag;
    return flags;
}

// ---- in the host's pid namespace, about to enter; noexcept, _exit only -------------------------

struct Entry {
    int namespaces;
    CapabilitySet capabilities;  // as the VPS's init
    InitLimits limits;
    int init, channel, text;
    int launcher, launch_report;
    const ContextCommand* command;
    char* const* words;  // of the launcher
    char* const* envp;
};

[[noreturn]] void give_up(int channel, int error) noexcept {
    const Report failure{News::NotEntered, error};
    (void)send_fds(channel, &failure, sizeof failure, nullptr, 0);
    _exit(127);
}

// Something that reads as empty: the VPS's /dev/null if that is what it is (its owner may have put
// anything there), else a pipe that nobody writes to.
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

// stdin, stdout and stderr, and our ends of them in the order of ContextProcess.
struct Streams {
    std::array<int, 3> inside{-1, -1, -1};
    std::array<int, 3> ours{-1, -1, -1};
    std::size_t count = 0;  // of ours
};

// To be called as the user, whose pipes they are: /dev/stdout can be opened.
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

// A terminal of the VPS's devpts, where its owner may have put anything. To be called as root.
int open_terminal(const ContextTerminal& wanted, uid_t user, Streams& streams) noexcept {
    const int master =
        open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (master < 0)
        return errno;
    struct stat file {};
    if (fstat(master, &file) < 0)
        return errno;
    if (!S_ISCHR(file.st_mode) || file.st_rdev != makedev(5, 2))
        return ENOTTY;
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
    const Report ready{News::Streams, 0};
    if (const int error =
            send_fds(channel, &ready, sizeof ready, streams.ours.data(), streams.count))
        return error;
    // They may have numbers that are about to be taken.
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

[[noreturn]] void run_inside(const Entry& entry) noexcept {
    // ---- in the VPS context -------------------------------------------------------------------
    const ContextCommand& command = *entry.command;
    setsid();
    reset_signals();
    if ((entry.namespaces & CLONE_NEWUSER) != 0)
        if (const int error = become_root_inside())
            give_up(entry.channel, error);
    umask(022);
    const auto lift = [&](int fd) {
        const int lifted = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, kAboveStreams);
        if (fd >= 0 && lifted < 0)
            give_up(entry.channel, errno);
        return lifted;
    };
    const int channel = lift(entry.channel), text = lift(entry.text);
    const int launcher = lift(entry.launcher), launch_report = lift(entry.launch_report);
    if (chdir("/") < 0)
        give_up(channel, errno);
    if (const int error = keep_capabilities(entry.capabilities))
        give_up(channel, error);
    if (const int error = install_syscall_filter())
        give_up(channel, error);
    Streams streams;
    if (command.terminal)
        if (const int error = open_terminal(*command.terminal, command.user.uid, streams))
            give_up(channel, error);
    if (const int error = become(command.user))
        give_up(channel, error);
    if (!command.terminal)
        if (const int error = open_pipes(command.input, streams))
            give_up(channel, error);
    if (const int error = place_streams(streams, text, channel))
        give_up(channel, error);
    (void)!chdir(command.user.home.c_str());  // else it stays in "/"
    give_up(channel, launch(launcher, launch_report, entry.words, entry.envp));
}

[[noreturn]] void enter(const Entry& entry) noexcept {
    // Keys of the session that we were called from stay there.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS)
        give_up(entry.channel, errno);
    if (const int error = set_init_limits(0, entry.limits))
        give_up(entry.channel, error);
    // Whatever the caller's is, what runs in the VPS is no more precious than the rest of it.
    set_oom_score("0");
    // Nobody inside may look into our memory or at our executable before exec replaces them.
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || setns(entry.init, entry.namespaces) < 0)
        give_up(entry.channel, errno);
    // The pid namespace takes effect in children. CLONE_PARENT: the process is the caller's child.
    clone_args args{};
    args.flags = CLONE_PARENT;
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        give_up(entry.channel, errno);
    if (pid == 0)
        run_inside(entry);
    const Report started{News::Started, static_cast<int>(pid)};
    (void)send_fds(entry.channel, &started, sizeof started, nullptr, 0);
    _exit(0);
}

// ---- in the caller ----------------------------------------------------------------------------

// False when the patience is at its end.
bool wait_to_read(FdRef fd, const Patience& patience) {
    for (;;) {
        pollfd events[] = {{fd.get(), POLLIN, 0}, {patience.request.get(), POLLIN, 0}};
        const int timeout = milliseconds_until(patience.deadline);
        const int ready = poll(events, std::size(events), timeout);
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "poll");
        if (ready > 0)
            return events[0].revents != 0;
        if (ready == 0 && timeout == 0)
            return false;
    }
}

Child adopt_child(pid_t pid) {
    try {
        return {pid, sys::pidfd_open(pid)};
    } catch (const SysError&) {
        // Our child: its pid is its own until we have reaped it, and the VPS cannot end before.
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, nullptr, 0);
        throw;
    }
}

// What both processes have to say, in either order, until the launcher is executed; then what the
// launcher says until it is replaced. Only the former are ours alone. They may be silent for ever:
// who is in there can be stopped by the VPS, by a signal or with its cgroup.
// If it throws, the child may be there.
void hear_from_inside(FdRef channel, FdRef launch_report, const ContextCommand& command,
                      const Patience& patience, ContextProcess& process) {
    std::optional<Report> failure;
    const auto require_word = [&](FdRef from) {
        if (!wait_to_read(from, patience))
            throw SysError(ETIMEDOUT, "enter", "the VPS context");
    };
    for (;;) {
        require_word(channel);
        Report report{};
        int fds[3];
        const ssize_t got = receive_fds(channel.get(), &report, sizeof report, fds, 3);
        if (got < 0 && errno == EINTR)
            continue;
        if (got != sizeof report)
            break;
        if (report.news == News::Started) {
            process.child = adopt_child(report.value);
        } else if (report.news == News::Streams) {
            (command.terminal ? process.terminal : process.out) = Fd(fds[0]);
            (command.terminal ? process.terminal_inside : process.err) = Fd(fds[1]);
            process.in = Fd(fds[2]);
        } else {
            failure = report;
        }
    }
    LaunchReport launch_failure{};
    const bool launched = !failure && process.child.pid() > 0 && (process.out || process.terminal);
    if (launched) {
        require_word(launch_report);
        if (read(launch_report.get(), &launch_failure, sizeof launch_failure) !=
            sizeof launch_failure)
            return;
    }
    const std::string verb = "execute in the VPS context";
    const std::string& name = command.programs.size() == 1 ? command.programs[0] : command.argv[0];
    if (launched)
        throw ExecError(launch_failure.error, verb, name);
    throw SysError(failure ? failure->value : ESRCH, verb, name);
}

// To its end, or to that of the patience.
std::optional<ExitStatus> wait_for_command(ContextProcess& process, const Patience& patience,
                                           std::vector<LineRelay>& relays) {
    std::optional<ExitStatus> ended;
    for (bool waiting = true; waiting;) {
        std::vector<pollfd> events{{process.child.pidfd().get(), POLLIN, 0},
                                   {patience.request.get(), POLLIN, 0}};
        for (const LineRelay& relay : relays)
            events.push_back({relay.source().get(), POLLIN, 0});
        const int timeout = milliseconds_until(patience.deadline);
        const int ready = poll(events.data(), events.size(), timeout);
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "poll");
        if (ready > 0 && events[0].revents != 0) {
            ended = process.child.wait();
            waiting = false;
        } else if ((ready > 0 && events[1].revents != 0) || (ready == 0 && timeout == 0)) {
            (void)kill(-process.child.pid(), SIGKILL);  // its session, as far as it stayed there
            process.child.kill_and_wait();
            waiting = false;
        }
        // What it printed before it ended is in the pipes by now.
        std::erase_if(relays,
                      [](LineRelay& relay) { return relay.pump() == LineRelay::Progress::Ended; });
    }
    return ended;
}

}  // namespace

int become_root_inside() noexcept {
    // A change of ids makes a process what the sysctl suid_dumpable says.
    return setgroups(0, nullptr) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ||
                   prctl(PR_SET_DUMPABLE, 0) < 0
               ? errno
               : 0;
}

ContextProcess start_in_vps(FdRef init, pid_t init_pid, const ContextCommand& command,
                            const Patience& patience) {
    const Fd cgroup =
        sys::open("/sys/fs/cgroup" + cgroup_of(std::to_string(init_pid)), O_RDONLY | O_DIRECTORY);
    auto [channel, channel_end] = sys::socketpair();
    auto [launch_report, launch_report_end] = sys::pipe();
    const Fd launcher = make_launcher();
    const std::vector<std::string> words = launch_words(
        0, !command.programs.empty(),
        command.programs.empty() ? std::vector{command.argv[0]} : command.programs, command.argv);
    const std::vector<char*> word_pointers = pointers_to(words);
    const std::vector<char*> envp = pointers_to(command.environment);
    const Entry entry{namespaces_of(init_pid),
                      bounding_set_of(init_pid),
                      read_init_limits(init_pid),
                      init.get(),
                      channel_end.get(),
                      command.text,
                      launcher.get(),
                      launch_report_end.get(),
                      &command,
                      word_pointers.data(),
                      envp.data()};

    Child entering = clone_process(CLONE_INTO_CGROUP, cgroup);
    if (entering.pid() == 0)
        enter(entry);
    channel_end.reset();
    launch_report_end.reset();
    ContextProcess process;
    try {
        hear_from_inside(channel, launch_report, command, patience, process);
    } catch (const Error&) {
        entering.kill_and_wait();
        process.child.kill_and_wait();
        throw;
    }
    entering.kill_and_wait();  // it has said all that it has to say
    return process;
}

LineRelay relay_to_log(Fd source, const Log& log, const std::string& identifier, Level level) {
    return {
        std::move(source),
        [log, identifier, level](std::string_view line) { log.pass_on(identifier, level, line); },
        kConsoleRate};
}

std::optional<ExitStatus> run_in_vps(const ContextCommand& command, const std::string& identifier,
                                     FdRef init, pid_t init_pid, const Deadline& deadline,
                                     const Log& log, std::vector<LineRelay>& relays) {
    const TerminationRequest request;
    const Patience patience{deadline, request.fd()};
    ContextProcess process;
    try {
        process = start_in_vps(init, init_pid, command, patience);
    } catch (const ExecError&) {
        throw;
    } catch (const SysError& error) {
        if (error.errnum() == ETIMEDOUT)
            return std::nullopt;
        throw;
    }
    relays.push_back(relay_to_log(std::move(process.out), log, identifier, Level::Info));
    relays.push_back(relay_to_log(std::move(process.err), log, identifier, Level::Warning));

    try {
        return wait_for_command(process, patience, relays);
    } catch (const Error&) {
        process.child.kill_and_wait();
        throw;
    }
}

}  // namespace vps

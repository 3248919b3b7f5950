#include "context/enter.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "context/entry.hh"
#include "context/entry_cgroup.hh"
#include "context/launch.hh"
#include "context/named_hierarchy.hh"
#include "context/running_vps.hh"
#include "state/state.hh"
#include "sys/send_fds.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "systemd/cgroup.hh"
#include "systemd/freezer.hh"
#include "systemd/log_relay.hh"

namespace vps {

namespace {

struct Namespace {
    int flag;               // CLONE_NEW*
    std::string_view name;  // in /proc/PID/ns
};

// The namespaces of a VPS, in no order that matters: setns(2) with a pidfd enters all at once. The
// cgroup namespace is not made by clone: init makes it once it is in its scope, whose cgroup then
// is the namespace's root. With USERNS=no the user namespace is the host's.
constexpr std::array kNamespaces{
    Namespace{CLONE_NEWUSER, "user"},     Namespace{CLONE_NEWNS, "mnt"},
    Namespace{CLONE_NEWPID, "pid"},       Namespace{CLONE_NEWUTS, "uts"},
    Namespace{CLONE_NEWIPC, "ipc"},       Namespace{CLONE_NEWNET, "net"},
    Namespace{CLONE_NEWCGROUP, "cgroup"},
};

// The filters of init, by the state, or by what is found where that is lost. Where nothing can be
// found they are as strict as can be.
FilteredVps filters_of(Veid veid, bool user_namespace) {
    VpsState state;
    try {
        state = find_vps(veid).state.value_or(VpsState{});
    } catch (const Error&) {
        // It is told by whoever has the lock.
    }
    return {user_namespace, state.io_uring, state.old_32_bit, state.socket_families};
}

// The namespaces of the VPS that differ from the caller's: a process cannot enter its own user
// namespace.
int namespaces_of(pid_t init_pid) {
    int flags = 0;
    for (const Namespace& ns : kNamespaces)
        if (sys::readlink(fmt::format("/proc/{}/ns/{}", init_pid, ns.name)) !=
            sys::readlink(fmt::format("/proc/self/ns/{}", ns.name)))
            flags |= ns.flag;
    return flags;
}

// True for an init that has left the user namespace of its VPS, which is right below ours, for one
// of its own making. Ids and capabilities there are what the VPS says.
bool is_below_its_own(pid_t init_pid) {
    const Fd own = sys::open(fmt::format("/proc/{}/ns/user", init_pid), O_RDONLY);
    const Fd parent(ioctl(own.get(), NS_GET_PARENT));  // EPERM: it is ours
    if (!parent)
        return false;
    const Fd ours = sys::open("/proc/self/ns/user", O_RDONLY);
    struct stat above {
    }, here{};
    if (fstat(parent.get(), &above) < 0 || fstat(ours.get(), &here) < 0)
        throw SysError(errno, "look at a user namespace");
    return above.st_dev != here.st_dev || above.st_ino != here.st_ino;
}

constexpr unsigned kEntryPatience = 30;  // seconds that an entry on its own behalf may take
constexpr int kFrozenLook = 500;         // milliseconds between two looks for a frozen cgroup

// Whoever is born in a frozen cgroup never says a word.
void require_thawed(pid_t init_pid, const Patience& patience) {
    if (patience.thaw)
        (void)patience.thaw();
    if (const std::optional<std::string> frozen = find_frozen_cgroup(init_pid))
        throw EntryError(describe_frozen(*frozen));
}

// False when the patience is at its end.
bool wait_to_read(FdRef fd, pid_t init_pid, const Patience& patience) {
    for (;;) {
        pollfd events[] = {{fd.get(), POLLIN, 0}, {patience.request.get(), POLLIN, 0}};
        const int left = milliseconds_until(patience.deadline);
        const int timeout = left < 0 ? kFrozenLook : std::min(left, kFrozenLook);
        const int ready = poll(events, std::size(events), timeout);
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "poll");
        if (ready > 0)
            return events[0].revents != 0;
        if (ready == 0 && left == 0)
            return false;
        require_thawed(init_pid, patience);
    }
}

// Hears the reports of both processes, in either order, until the launcher is executed; then the
// launcher's report until it is replaced. Only the first two are programs of the host. Any of them
// may be silent for ever, because the VPS can stop it, by a signal or with its cgroup.
void hear_from_inside(FdRef channel, FdRef launch_report, const ContextCommand& command,
                      pid_t init_pid, const Patience& patience, ContextProcess& process) {
    std::optional<ChildReport> failure;
    const auto require_word = [&](FdRef from) {
        if (!wait_to_read(from, init_pid, patience))
            throw SysError(ETIMEDOUT, "enter", "the VPS context");
    };
    for (;;) {
        require_word(channel);
        Report report{};
        int fds[3];
        const ssize_t got = receive_fds(channel.get(), &report, sizeof report, fds, 3);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno != ECONNRESET)
            throw SysError(errno, "hear from the process in the VPS context");
        if (got != sizeof report)
            break;
        if (report.news == News::Streams) {
            (command.terminal ? process.terminal : process.out) = Fd(fds[0]);
            (command.terminal ? process.terminal_inside : process.err) = Fd(fds[1]);
            process.in = Fd(fds[2]);
        } else {
            failure = report.failure;
        }
    }
    ChildReport launch_failure{};
    const bool launched = !failure && (process.out || process.terminal);
    if (launched) {
        require_word(launch_report);
        if (read(launch_report.get(), &launch_failure, sizeof launch_failure) !=
            sizeof launch_failure)
            return;
    }
    if (failure)
        throw failure_of(*failure, kEntrySteps, "enter the VPS context");
    if (!launched)
        throw SysError(ESRCH, "enter", "the VPS context");
    const std::string& name = command.programs.size() == 1 ? command.programs[0] : command.argv[0];
    throw ExecError(launch_failure.error, "execute in the VPS context", name);
}

bool is_over(const Patience& patience) {
    pollfd request{patience.request.get(), POLLIN, 0};
    return milliseconds_until(patience.deadline) == 0 || poll(&request, 1, 0) > 0;
}

// Waits for the end of the command, or of the patience. Throws EntryError where the VPS keeps the
// command frozen.
std::optional<ExitStatus> wait_for_command(ContextProcess& process, const Patience& patience,
                                           std::vector<LineRelay>& relays) {
    std::optional<ExitStatus> ended;
    for (bool waiting = true; waiting;) {
        std::vector<pollfd> events{{process.child.pidfd().get(), POLLIN, 0},
                                   {patience.request.get(), POLLIN, 0}};
        for (const LineRelay& relay : relays)
            events.push_back({relay.source().get(), POLLIN, 0});
        const int left = milliseconds_until(patience.deadline);
        const bool looks = patience.thaw && (left < 0 || left > kFrozenLook);
        const int ready = poll(events.data(), events.size(), looks ? kFrozenLook : left);
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "poll");
        if (ready > 0 && events[0].revents != 0) {
            ended = process.child.wait();
            waiting = false;
        } else if ((ready > 0 && events[1].revents != 0) || (ready == 0 && left == 0)) {
            process.child.kill_and_wait();
            waiting = false;
        } else if (ready == 0 && looks && patience.thaw()) {
            process.child.kill_and_wait();
            throw EntryError("holds up its script: it freezes itself again and again");
        }
        // The pipes hold by now what the command printed before its end.
        std::erase_if(relays,
                      [](LineRelay& relay) { return relay.pump() == LineRelay::Progress::Ended; });
    }
    return ended;
}

}  // namespace

void require_way_in(pid_t init_pid) {
    if (has_lost_main_thread(init_pid))
        throw EntryError("cannot be entered: the main thread of its init has ended");
    if (is_below_its_own(init_pid))
        throw EntryError("cannot be entered: its init has made itself a user namespace");
}

ContextProcess start_in_vps(FdRef init, pid_t init_pid, const ContextCommand& command,
                            const Patience& patience) {
    require_way_in(init_pid);
    require_thawed(init_pid, patience);
    auto [channel, channel_end] = sys::socketpair();
    auto [launch_report, launch_report_end] = sys::pipe();
    const Fd launcher = make_launcher();
    const std::vector<std::string> words = launch_words(
        0, !command.programs.empty(),
        command.programs.empty() ? std::vector{command.argv[0]} : command.programs, command.argv);
    const std::vector<char*> word_pointers = pointers_to(words);
    const std::vector<char*> envp = pointers_to(command.environment);
    const int namespaces = namespaces_of(init_pid);
    const Fd named_group = open_named_group(*command.veid);
    const Entry entry{namespaces,
                      filters_of(*command.veid, (namespaces & CLONE_NEWUSER) != 0),
                      bounding_set_of(init_pid),
                      limits_of_visitor(read_init_limits(init_pid)),
                      named_group.get(),
                      init.get(),
                      channel_end.get(),
                      command.text,
                      launcher.get(),
                      launch_report_end.get(),
                      &command,
                      word_pointers.data(),
                      envp.data()};

    const auto enter = [&, &channel_end = channel_end] {
        try {
            Child entering = clone_into_vps(init_pid, scope_cgroup(*command.veid));
            if (entering.pid() == 0)
                enter_context(entry);
            return entering;
        } catch (const SysError& error) {
            tell_unborn(channel_end.get(), error.errnum());
            throw;
        }
    };
    ContextProcess process;
    process.child = ContextChild(enter);
    channel_end.reset();
    launch_report_end.reset();
    hear_from_inside(channel, launch_report, command, init_pid, patience, process);
    return process;
}

std::optional<ExitStatus> run_in_vps(const ContextCommand& command, const std::string& identifier,
                                     FdRef init, pid_t init_pid, const Patience& patience,
                                     const Log& log, std::vector<LineRelay>& relays) {
    ContextProcess process;
    try {
        const Deadline patient = deadline_after(kEntryPatience);
        const Deadline entered = patience.deadline ? std::min(patient, patience.deadline) : patient;
        process = start_in_vps(init, init_pid, command, {entered, patience.request, patience.thaw});
    } catch (const ExecError&) {
        throw;
    } catch (const SysError& error) {
        if (error.errnum() == EMFILE || error.errnum() == ENFILE)
            throw;  // the caller has no descriptors left, and the VPS has not been asked
        if (error.errnum() != ETIMEDOUT)
            throw EntryError(fmt::format("cannot be entered: {}", error.what()));
        if (is_over(patience))
            return std::nullopt;
        throw EntryError(
            fmt::format("cannot be entered: something in it has held up who enters "
                        "for {} seconds",
                        kEntryPatience));
    }
    relays.push_back(relay_to_log(std::move(process.out), log, identifier, Level::Info));
    relays.push_back(relay_to_log(std::move(process.err), log, identifier, Level::Warning));
    return wait_for_command(process, patience, relays);
}

}  // namespace vps

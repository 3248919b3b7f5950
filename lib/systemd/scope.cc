#include "systemd/scope.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <vector>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/system_bus.hh"
#include "systemd/system_manager.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr const char* kFill = "fill bus message";

Answer request_scope(const Bus& bus, const ScopeSpec& spec, pid_t keeper) {
    const Message message = new_call(bus, "StartTransientUnit");
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "ss", spec.unit.c_str(), "fail"), kFill);
    check(sd_bus_message_open_container(m, 'a', "(sv)"), kFill);
    check(sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)",                 //
                                "Description", "s", spec.description.c_str(),          //
                                "Slice", "s", slice_unit(spec.veid).c_str(),           //
                                "PIDs", "au", 1U, static_cast<std::uint32_t>(keeper),  //
                                "Delegate", "b", 1,                                    //
                                "Before", "as", 1U, service_unit(spec.veid).c_str(),   //
                                "CollectMode", "s", "inactive-or-failed",              //
                                "TasksMax", "t", UINT64_MAX,  // NUMPROC is the slice's
                                "TimeoutStopUSec", "t", std::uint64_t{10'000'000}),
          kFill);
    spec.add_settings(m);
    check(sd_bus_message_close_container(m), kFill);
    check(sd_bus_message_append(m, "a(sa(sv))", 0U), kFill);
    return call(bus, message, "start " + spec.unit);
}

[[noreturn]] void keep_scope(pid_t parent) noexcept {
    (void)prctl(PR_SET_NAME, "vps-scope");
    reset_signals();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    // The descriptors hold the VPS's lock, and the end of a pipe whose closing somebody waits for.
    if (close_range(0, ~0U, 0) < 0)
        _exit(1);
    for (;;)
        pause();
}

Child fork_keeper() {
    auto [ours, keepers] = sys::pipe();
    const pid_t parent = getpid();
    Child keeper = clone_process();
    if (keeper.pid() == 0)
        keep_scope(parent);
    keepers.reset();
    // Waits until the keeper has closed its copy of the lock, which the next operation on the VPS
    // needs.
    (void)sys::read_all(ours, "what the keeper has open");
    return keeper;
}

// Looks into the cgroup, because /proc/PID/cgroup waits for any change of any cgroup.
bool is_in(const std::string& cgroup, pid_t pid) {
    const std::vector<pid_t> pids = processes_in(cgroup);
    return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

void ask_for(const ScopeSpec& spec, const Scope& scope) {
    const Deadline deadline = deadline_after(10);
    const auto request = [&](const Bus& bus) {
        return request_scope(bus, spec, scope.keeper.pid());
    };
    while (ask(spec.places, request) == Answer::UnitExists) {
        if (is_in(scope.dir, scope.keeper.pid()))
            return;  // the scope was made, and the answer lost
        if (milliseconds_until(deadline) == 0)
            throw Error(
                ExitCode::System,
                fmt::format("{0} of an earlier run is still there; look at systemctl status {0}",
                            scope.unit));
        (void)poll(nullptr, 0, 20);
    }
}

// Milliseconds until the next look: PID 1 needs some ten of them as a rule, and a start or stop
// waits for no more than an eighth longer.
int pause_after(int tries) {
    return std::min(1 + tries / 8, 16);
}

// True if the cgroup has a process, by its file cgroup.events, which is opened if it is not open,
// and which polls POLLPRI when it changes (cgroups(7)).
bool has_process(const std::string& cgroup, Fd& events) {
    if (!events)
        events = Fd(open((cgroup + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
    const std::optional<bool> populated = is_populated(events);
    if (!populated)
        events.reset();  // the cgroup is gone
    return populated.value_or(false);
}

// A watch that can be read when an entry is made in that directory; nothing where the user's
// watches are used up.
Fd watch_directory(const std::string& dir) {
    Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (watch && inotify_add_watch(watch.get(), dir.c_str(), IN_CREATE | IN_ONLYDIR) < 0)
        watch.reset();
    return watch;
}

// Waits until the directory is gone; false if it is still there after `milliseconds`.
bool wait_for_removal(const std::string& dir, unsigned milliseconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (int tries = 0; access(dir.c_str(), F_OK) == 0; ++tries) {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        (void)poll(nullptr, 0, pause_after(tries));
    }
    return true;
}

// True when systemd has no order left to make the scope, and has not made it. A systemd that does
// not answer says so later.
bool has_failed(const Scope& scope) {
    try {
        const Bus bus = connect(scope.places);
        const std::string unit = unit_path(scope.unit);
        std::uint32_t job = 0;
        const Message reply = get_property(bus, unit, kUnit, "Job", "(uo)");
        check(sd_bus_message_read(reply.get(), "(uo)", &job, nullptr), "read the unit's job");
        if (job != 0)
            return false;
        // The state is asked for after the job: a job that was over then has made its state.
        const std::string state = get_string(bus, unit, kUnit, "ActiveState");
        return state == "inactive" || state == "failed";
    } catch (const Error&) {
        return false;
    }
}

// PID 1 moves the keeper into the scope when all else is done.
void wait_until_moved(Scope& scope, unsigned seconds) {
    const Deadline deadline = deadline_after(seconds);
    // With a thousand scopes to make at once, PID 1 has no time for the questions of each of them.
    unsigned patience = 1;
    Deadline next_question = deadline_after(patience);
    Fd events;
    if (!has_process(scope.dir, events))
        scope.watch = watch_directory(scope.dir.substr(0, scope.dir.rfind('/')));
    for (int tries = 0; !has_process(scope.dir, events); ++tries) {
        if (milliseconds_until(deadline) == 0)
            throw Error(ExitCode::System, fmt::format("systemd has put no process into {} within "
                                                      "{} seconds; look at journalctl _PID=1",
                                                      scope.unit, seconds));
        if (milliseconds_until(next_question) == 0) {
            if (has_failed(scope))
                throw Error(
                    ExitCode::System,
                    fmt::format("systemd has not made {}; look at journalctl _PID=1", scope.unit));
            patience = std::min(patience * 2, 64U);
            next_question = deadline_after(patience);
        }
        pollfd waiting[]{{scope.keeper.pidfd().get(), POLLIN, 0},
                         {events.get(), POLLPRI, 0},
                         {events ? -1 : scope.watch.get(), POLLIN, 0}};
        const bool told = events || scope.watch;  // without them the loop looks now and then
        (void)poll(waiting, 3, told ? milliseconds_until(next_question) : pause_after(tries));
        if (waiting[0].revents != 0)
            throw Error(ExitCode::System,
                        fmt::format("the process that keeps {} has ended", scope.unit));
        char heard[512];
        if (waiting[2].revents != 0)
            (void)!read(scope.watch.get(), heard, sizeof heard);
    }
}

}  // namespace

Scope start_scope(const ScopeSpec& spec) {
    Scope scope{.unit = spec.unit,
                .dir = slice_cgroup(spec.veid, spec.places.cgroups) + "/" + spec.unit,
                .keeper = fork_keeper(),
                .places = spec.places};
    ask_for(spec, scope);
    return scope;
}

void await_scope(Scope& scope, unsigned seconds) {
    if (scope.cgroup)
        return;
    wait_until_moved(scope, seconds);
    scope.cgroup = sys::open(scope.dir, O_RDONLY | O_DIRECTORY);
}

void attach_to_scope(const std::string& unit, const std::vector<pid_t>& pids,
                     const SystemdPlaces& places) {
    patiently([&] {
        const Bus bus = connect(places);
        const Message message = new_call(bus, "AttachProcessesToUnit");
        check(sd_bus_message_append(message.get(), "ss", unit.c_str(), ""), kFill);
        check(sd_bus_message_append_array(message.get(), 'u', pids.data(),
                                          pids.size() * sizeof pids[0]),
              kFill);
        return call(bus, message, "move processes into " + unit);
    });
}

void dismiss_keeper(Scope scope) noexcept {
    scope.keeper.kill_and_wait();
}

void abandon_scope(Scope scope) noexcept {
    if (scope.keeper.pid() <= 0)
        return;
    try {
        wait_until_moved(scope, 10);
    } catch (const std::exception&) {
        // PID 1 has not moved the keeper in time, and finds no process to move when it does.
    }
    scope.keeper.kill_and_wait();
}

// PID 1 forgets a scope when it hears that the last process has gone. A scope without a process,
// whose keeper ended while PID 1 moved it, gets one for a moment. (To stop the unit is refused.)
static void have_scope_forgotten(const std::string& cgroup) noexcept {
    try {
        Child last = clone_process(CLONE_INTO_CGROUP, sys::open(cgroup, O_RDONLY | O_DIRECTORY));
        if (last.pid() == 0)
            _exit(0);
        // In a frozen cgroup it cannot end by itself; then it is killed.
        (void)last.wait(deadline_after(1));
    } catch (const std::exception&) {
        // The scope has gone by itself.
    }
}

void end_scope(Veid veid, const std::string& unit, const SystemdPlaces& places) {
    const std::string cgroup = slice_cgroup(veid, places.cgroups) + "/" + unit;
    const Fd kill(open((cgroup + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
    if (!kill)
        return;  // the scope is gone already, as it mostly is
    (void)!write(kill.get(), "1", 1);
    if (wait_for_removal(cgroup, 300))
        return;
    // If the scope stays, the next start says so; dismounting must not wait for it.
    have_scope_forgotten(cgroup);
    (void)wait_for_removal(cgroup, 10'000);
}

}  // namespace vps

// vps-run VEID: makes the VPS context of a mounted VPS, runs N.start in it, executes the VPS's init
// and stays as its parent until it ends. The main process of vps@.service (ExecStart=,
// Type=notify). Exit code 0: halted or stopped; 133: rebooted from inside.

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "command/program.hh"
#include "config/config_value.hh"
#include "context/capabilities.hh"
#include "context/enter.hh"
#include "context/running_vps.hh"
#include "life/adopted_init.hh"
#include "life/console_server.hh"
#include "life/end_report.hh"
#include "life/held_open.hh"
#include "life/machine_registration.hh"
#include "life/settings.hh"
#include "life/start.hh"
#include "life/supervisor.hh"
#include "state/running_mark.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/libsystemd.hh"
#include "systemd/masked.hh"
#include "systemd/notify.hh"
#include "systemd/stored_console.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// systemd's last words, where it cannot go on: nothing in the VPS runs, and the unit is active.
bool is_last_word(std::string_view line) {
    return line.find("reezing execution") != line.npos || line.ends_with(", freezing.");
}

// Where this fails, the VPS runs all the same, and nobody can attach to its console.
Fd open_console(Veid veid, const Log& log) {
    try {
        return listen_at_console(veid);
    } catch (const Error& error) {
        log.say(Level::Warning, fmt::format("{}; vzctl console cannot be used", error.what()));
        return {};
    }
}

LineRelay relay_console(Fd console, Veid veid, const Log& log, ConsoleServer& server) {
    LineRelay relay = relay_to_log(
        std::move(console), log, veid.to_string() + ".console", Level::Info,
        [log, told = false](std::string_view line) mutable {
            if (told || !is_last_word(line))
                return;
            told = true;
            log.say(
                Level::Warning,
                fmt::format("systemd in the VPS has given up ({}): it does not boot; one before "
                            "230 needs CGROUP_LAYOUT=v1",
                            quote_for_message(line)));
            tell_status("systemd in the VPS has given up; see the journal");
        });
    relay.set_tap([&server](std::string_view bytes) { server.print(bytes); });
    return relay;
}

// Notes for the next boot that the VPS runs; a VPS that cannot be noted must run all the same.
void note_run(const Invocation& invocation, const std::function<void()>& note) {
    try {
        note();
    } catch (const Error& error) {
        invocation.log.say(
            Level::Warning,
            fmt::format("{}; without ONBOOT it will not start at the next boot", error.what()));
    }
}

std::string running_status(pid_t init) {
    return fmt::format("Running, init is process {}", init);
}

std::string ready_message(pid_t init) {
    return "READY=1\nSTATUS=" + running_status(init);
}

void require_told(int told) {
    if (told < 0)  // under systemd, whose next start adopts the VPS
        throw SysError(-told, "tell systemd that the VPS runs");
}

ExitCode let_run(Veid veid, const Log& log) {
    // systemd knows no command of a masked unit: it ends the supervisor of a VPS, and calls nobody
    // to stop the VPS or to have it adopted.
    if (is_masked(service_unit(veid)) || is_masked("vps@.service"))
        log.say(Level::Error,
                fmt::format("{0} is masked, so that systemd has ended the supervisor and not "
                            "stopped the VPS, which runs on without one; systemctl unmask {0}; "
                            "systemctl start {0} has it adopted",
                            service_unit(veid)));
    else
        log.say(Level::Notice, "the supervisor was told to go; the VPS keeps running");
    return ExitCode::Ok;
}

// The status of the unit while the VPS runs: `running`, and whether the scope is frozen, which its
// file cgroup.events tells by POLLPRI (cgroups(7)).
class RunningStatus {
  public:
    RunningStatus(Veid veid, std::string running)
        : running_(std::move(running)),
          events_(open((scope_cgroup(veid) + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)) {}

    void add_to(std::vector<Watched>& watched) {
        if (events_)
            watched.push_back({events_, EPOLLPRI | EPOLLET, [this] { tell_change(); }});
    }

  private:
    void tell_change() {
        char text[64];
        const ssize_t length = pread(events_.get(), text, sizeof text, 0);
        const bool frozen =
            length > 0 &&
            std::string_view(text, static_cast<std::size_t>(length)).find("frozen 1") !=
                std::string_view::npos;
        if (frozen != std::exchange(frozen_, frozen))
            tell_status(frozen ? running_ + "; it is frozen" : running_);
    }

    std::string running_;
    Fd events_;
    bool frozen_ = false;
};

void add_console(ConsoleServer& server, std::vector<Watched>& watched) {
    watched.push_back({server.events(), EPOLLIN, [&server] { server.serve(); }});
}

// Supervises the VPS to its end. From here on its output is read, and every step is one that root
// can take without a capability.
SupervisionEnd supervise_unprivileged(FdRef init, std::vector<LineRelay> relays,
                                      const std::function<void()>& on_child,
                                      const std::vector<Watched>& others) {
    // The supervisor shares the memory limit of the VPS, at which processes of the VPS are to be
    // killed first.
    set_oom_score("-900");
    give_up_capabilities();
    (void)malloc_trim(0);  // gives back the start's memory: a host has hundreds of supervisors
    return supervise(init, std::move(relays), on_child, others);
}

// A run that an older version began has none. One whose file is gone lets nobody in: another one
// takes its place.
Fd find_listener(Veid veid, const StoredConsole& console, const Log& log) {
    if (console.listener && access(console_socket_path(veid).c_str(), F_OK) == 0)
        return sys::duplicate(console.listener);
    Fd listener = open_console(veid, log);
    if (console.listener)
        forget_console();
    if (listener || console.listener)
        (void)notify_with_console("", console.terminal, listener);
    return listener;
}

// Takes over a VPS that runs already: its stop was refused, or its supervisor has died. Its init is
// not this process's child.
ExitCode adopt_vps(const Invocation& invocation, const VpsState& state, const Fd& init,
                   const StoredConsole& console, VpsLock lock) {
    const Log& log = invocation.log;
    if (!log.to_journal())
        throw Error(ExitCode::Running, "is running");
    std::vector<LineRelay> relays;
    std::optional<ConsoleServer> server;
    if (console.terminal) {
        server.emplace(invocation.veid, find_listener(invocation.veid, console, log),
                       sys::duplicate(console.terminal));
        relays.push_back(
            relay_console(sys::duplicate(console.terminal), invocation.veid, log, *server));
    }
    const std::vector<Fd> held =
        hold_file_systems(invocation.veid, state.mount_point, state.init_pid, log);
    VpsState running = state;
    enter_all_the_same(lock, running, Phase::Running, log);
    note_run(invocation, [&] { note_running(invocation.veid); });
    { const VpsLock released = std::move(lock); }
    log.say(Level::Notice, fmt::format("runs already, init is process {}", state.init_pid));
    const std::string refusal =
        state.stop_refused.empty() ? "" : "; the last stop: " + state.stop_refused;
    require_told(sd_notify(0, (ready_message(state.init_pid) + refusal).c_str()));
    MachineRegistration machine(invocation.veid, log);
    const std::optional<AdoptedInit> traced = AdoptedInit::seize(state.init_pid);
    std::optional<ExitStatus> status;
    const auto pass_on_signals = [&] {
        machine.reap();
        if (traced && !status)
            status = traced->pass_on_signals();
    };
    RunningStatus shown(invocation.veid, running_status(state.init_pid) + refusal);
    std::vector<Watched> watched;
    shown.add_to(watched);
    if (server)
        add_console(*server, watched);
    if (supervise_unprivileged(init, std::move(relays), pass_on_signals, watched) ==
        SupervisionEnd::ToldToGo)
        return let_run(invocation.veid, log);
    if (server)
        server->end();
    pass_on_signals();
    if (!status)
        log.say(Level::Notice, "has ended, halted or rebooted; it is taken for halted");
    return report_end(invocation.veid, status.value_or(ExitStatus{}), log);
}

ExitCode start_or_adopt(const Invocation& invocation, StoredConsole& console) {
    const Log& log = invocation.log;
    VpsLock lock(invocation.veid);
    const auto [state, running, found_again] = find_vps(invocation.veid, lock, log);
    if (running)
        return adopt_vps(invocation, *state, *running, console, std::move(lock));
    if (!state || state->phase != Phase::Mounted)
        throw Error(ExitCode::NotMounted,
                    fmt::format("is not mounted; start it with systemctl start {}",
                                service_unit(invocation.veid)));
    if (console.terminal) {  // the console of a run that has ended in a reboot
        forget_console();
        console = {};
    }
    RunningVps vps = start_vps(invocation.veid, lock, *state, log);
    bool newly_noted = false;
    note_run(invocation, [&] { newly_noted = note_running(invocation.veid); });
    { const VpsLock released = std::move(lock); }
    const pid_t init = vps.init.pid();
    RunningStatus shown(invocation.veid, running_status(init));
    std::vector<Watched> watched;
    shown.add_to(watched);
    Fd listener = open_console(invocation.veid, log);
    if (vps.boot) {
        (void)notify_with_console("STATUS=Starting: waiting for init to say that it has booted",
                                  vps.console, listener);
        watched.push_back({vps.boot->fd(), EPOLLIN, [&] {
                               if (!vps.boot->has_booted())
                                   return;
                               log.say(Level::Info, "init says that it has booted");
                               require_told(sd_notify(0, ready_message(init).c_str()));
                           }});
    } else {
        require_told(notify_with_console(ready_message(init), vps.console, listener));
    }
    // Nobody needs to wait for the steps from here on. The keeper's end takes CPU time from PID 1,
    // too.
    dismiss_keeper(std::move(vps.scope));
    log.say(Level::Info, fmt::format("started, init is process {}", init),
            {{"MESSAGE_ID", std::string(message_id::kVpsStarted)}});
    ConsoleServer server(invocation.veid, std::move(listener), sys::duplicate(vps.console));
    add_console(server, watched);
    vps.relays.push_back(relay_console(std::move(vps.console), invocation.veid, log, server));
    if (newly_noted)
        note_run(invocation, [] { sync_running(); });
    MachineRegistration machine(invocation.veid, log);
    if (supervise_unprivileged(
            vps.init.pidfd(), std::move(vps.relays), [&] { machine.reap(); }, watched) ==
        SupervisionEnd::ToldToGo)
        return let_run(invocation.veid, log);
    server.end();
    return report_end(invocation.veid, vps.init.wait().value_or(ExitStatus{}), log);
}

// True while a VPS runs that has no supervisor but this process.
bool is_to_be_adopted(const Invocation& invocation) {
    try {
        return invocation.log.to_journal() && find_vps(invocation.veid).init;
    } catch (const Error&) {
        return false;
    }
}

// An adoption that fails is tried again here, after seconds at first, then minutes: to fail would
// have systemd start the unit again at once, for ever. SIGTERM ends the wait, and this process.
ExitCode run_vps(const Invocation& invocation) {
    constexpr unsigned kFirstPause = 1, kLongestPause = 300;  // seconds
    StoredConsole console = take_stored_console();
    for (unsigned pause = kFirstPause;; pause = std::min(pause * 4, kLongestPause)) {
        try {
            return start_or_adopt(invocation, console);
        } catch (const Error& error) {
            if (!is_to_be_adopted(invocation))
                throw;
            const std::string words = fmt::format(
                "runs on without a supervisor: {}; trying again in {} s", error.what(), pause);
            invocation.log.say(Level::Error, words);
            tell_status(words);
            (void)poll(nullptr, 0, static_cast<int>(pause) * 1000);
        }
    }
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-run",
         .summary =
             "Starts a mounted VPS and supervises it. Called by vps@.service; use systemctl."},
        vps::run_vps);
}

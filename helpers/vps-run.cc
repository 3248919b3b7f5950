// vps-run VEID: makes the VPS context of a mounted VPS, runs N.start in it, executes the VPS's init
// and stays as its parent until it ends. The main process of vps@.service (ExecStart=,
// Type=notify). Exit code 0: halted or stopped; 133: rebooted from inside.

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "life/adopt.hh"
#include "life/console_relay.hh"
#include "life/end_report.hh"
#include "life/hold_lease.hh"
#include "life/machine_registration.hh"
#include "life/running_status.hh"
#include "life/start.hh"
#include "life/supervisor.hh"
#include "network/network_program.hh"
#include "state/life_counts.hh"
#include "state/running_mark.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/libsystemd.hh"
#include "systemd/notify.hh"
#include "systemd/stored_descriptors.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

RunningVps start_counted(Veid veid, const VpsLock& lock, const VpsState& state, const Log& log) {
    CountedStep step(veid, &LifeCounts::start_milliseconds, {.start_failures = 1});
    RunningVps vps = start_vps(veid, lock, state, log);
    step.done({.starts = 1});
    return vps;
}

ExitCode start_and_supervise(Veid veid, VpsLock lock, const VpsState& state, FdRef stored_lease,
                             const Log& log) {
    const Fd lease = hold_lease(veid, state, stored_lease, log);
    RunningVps vps = start_counted(veid, lock, state, log);
    bool newly_noted = false;
    note_run(log, [&] { newly_noted = note_running(veid); });
    { const VpsLock released = std::move(lock); }
    const pid_t init = vps.init.pid();
    RunningStatus shown(veid, running_status(veid, init));
    std::vector<Watched> watched;
    shown.add_to(watched);
    Fd listener = open_console(veid, log);
    if (vps.boot) {
        (void)notify_with_console("STATUS=Starting: waiting for init to say that it has booted",
                                  vps.console, listener);
        watched.push_back({vps.boot->fd(), EPOLLIN, [&] {
                               if (!vps.boot->has_booted())
                                   return;
                               log.say(Level::Info, "init says that it has booted");
                               require_told(sd_notify(0, ready_message(veid, init).c_str()));
                           }});
    } else {
        require_told(notify_with_console(ready_message(veid, init), vps.console, listener));
    }
    store_lease(lease);
    // Nobody needs to wait for the steps from here on. The keeper's end takes CPU time from PID 1,
    // too.
    dismiss_keeper(std::move(vps.scope));
    log.say(Level::Info, fmt::format("started, init is process {}", init),
            {{"MESSAGE_ID", std::string(message_id::kVpsStarted)}});
    ConsoleServer server(veid, std::move(listener), sys::duplicate(vps.console));
    add_console(server, watched);
    vps.relays.push_back(relay_console(std::move(vps.console), veid, log, server));
    if (newly_noted)
        note_run(log, [] { sync_running(); });
    MachineRegistration machine(veid, log);
    if (supervise_unprivileged(
            vps.init.pidfd(), std::move(vps.relays), [&] { machine.reap(); }, watched) ==
        SupervisionEnd::ToldToGo)
        return let_run(veid, log);
    server.end();
    forget_lease(lease);
    return report_end(veid, vps.init.wait().value_or(ExitStatus{}), log);
}

ExitCode start_or_adopt(const Invocation& invocation, StoredDescriptors& stored) {
    const Log& log = invocation.log;
    VpsLock lock(invocation.veid);
    const FoundVps vps = find_vps(invocation.veid, lock, log);
    if (vps.is_found_again)
        attempt(log, [&] { find_network_of_running(invocation.veid, vps.state->init_pid); });
    if (vps.init)
        return adopt_vps(invocation.veid, *vps.state, *vps.init, stored, std::move(lock), log);
    if (!vps.state || vps.state->phase != Phase::Mounted)
        throw Error(ExitCode::NotMounted,
                    fmt::format("is not mounted; start it with systemctl start {}",
                                service_unit(invocation.veid)));
    if (stored.terminal) {  // the console of a run that has ended in a reboot
        forget_console();
        stored.terminal.reset();
        stored.listener.reset();
    }
    return start_and_supervise(invocation.veid, std::move(lock), *vps.state, stored.lease, log);
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
    StoredDescriptors stored = take_stored_descriptors();
    for (unsigned pause = kFirstPause;; pause = std::min(pause * 4, kLongestPause)) {
        try {
            return start_or_adopt(invocation, stored);
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

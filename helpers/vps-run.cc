// vps-run VEID: makes the VPS context of a mounted VPS, runs N.start in it, executes the VPS's
// init, and then, in its own place, vps-supervise, which stays as init's parent until it ends. The
// main process of vps@.service (ExecStart=, Type=notify).

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "life/adopt.hh"
#include "life/console_relay.hh"
#include "life/hold_lease.hh"
#include "life/machine_registration.hh"
#include "life/running_status.hh"
#include "life/start.hh"
#include "life/supervised.hh"
#include "network/network_program.hh"
#include "state/life_counts.hh"
#include "state/running_mark.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
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

Supervised start(Veid veid, VpsLock lock, const VpsState& state, FdRef stored_lease,
                 const Log& log) {
    Fd lease = hold_lease(veid, state, stored_lease, log);
    RunningVps vps = start_counted(veid, lock, state, log);
    bool newly_noted = false;
    note_run(log, [&] { newly_noted = note_running(veid); });
    { const VpsLock released = std::move(lock); }
    const pid_t init = vps.init.pid();
    Fd listener = open_console(veid, log);
    if (vps.boot)
        (void)notify_with_console("STATUS=Starting: waiting for init to say that it has booted",
                                  vps.console);
    else
        require_told(notify_with_console(ready_message(veid, init), vps.console));
    store_lease(lease);
    // Nobody needs to wait for the steps from here on. The keeper's end takes CPU time from PID 1,
    // too.
    dismiss_keeper(std::move(vps.scope));
    log.say(Level::Info, fmt::format("started, init is process {}", init),
            {{"MESSAGE_ID", std::string(message_id::kVpsStarted)}});
    if (newly_noted)
        note_run(log, [] { sync_running(); });
    Supervised supervised{veid, init};
    supervised.init_handle = sys::duplicate(vps.init.pidfd());
    supervised.console = std::move(vps.console);
    supervised.listener = std::move(listener);
    if (!vps.relays.empty())
        supervised.output = vps.relays.front().give_up();
    if (vps.relays.size() > 1)
        supervised.errors = vps.relays.back().give_up();
    supervised.held = std::move(vps.held);
    if (lease)
        supervised.held.push_back(std::move(lease));
    supervised.boot = std::move(vps.boot);
    return supervised;
}

Supervised start_or_adopt(const Invocation& invocation, StoredDescriptors& stored) {
    const Log& log = invocation.log;
    VpsLock lock(invocation.veid);
    FoundVps vps = find_vps(invocation.veid, lock, log);
    if (vps.is_found_again)
        attempt(log, [&] { find_network_of_running(invocation.veid, vps.state->init_pid); });
    if (vps.init)
        return adopt_vps(invocation.veid, *vps.state, std::move(*vps.init), stored, std::move(lock),
                         log);
    if (!vps.state || vps.state->phase != Phase::Mounted)
        throw Error(ExitCode::NotMounted,
                    fmt::format("is not mounted; start it with systemctl start {}",
                                service_unit(invocation.veid)));
    if (stored.console) {  // of a run that has ended in a reboot
        forget_console();
        stored.console.reset();
    }
    return start(invocation.veid, std::move(lock), *vps.state, stored.lease, log);
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
            const Supervised vps = start_or_adopt(invocation, stored);
            register_machine(vps.veid, invocation.log);
            execute_supervisor(vps);
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

#include "life/adopt.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "life/adopted_init.hh"
#include "life/console_relay.hh"
#include "life/end_report.hh"
#include "life/held_open.hh"
#include "life/hold_lease.hh"
#include "life/machine_registration.hh"
#include "life/running_status.hh"
#include "life/settings.hh"
#include "life/supervisor.hh"
#include "state/running_mark.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/libsystemd.hh"

namespace vps {

namespace {

// A VPS that an older version started has no listener in the store. A listener whose file is gone
// lets nobody in: another one takes its place.
Fd find_listener(Veid veid, const StoredDescriptors& console, const Log& log) {
    if (console.listener && access(console_socket_path(veid).c_str(), F_OK) == 0)
        return sys::duplicate(console.listener);
    Fd listener = open_console(veid, log);
    if (console.listener)
        forget_console();
    if (listener || console.listener)
        (void)notify_with_console("", console.terminal, listener);
    return listener;
}

}  // namespace

ExitCode adopt_vps(Veid veid, const VpsState& state, FdRef init, const StoredDescriptors& stored,
                   VpsLock lock, const Log& log) {
    if (!log.to_journal())
        throw Error(ExitCode::Running, "is running");
    std::vector<LineRelay> relays;
    std::optional<ConsoleServer> server;
    if (stored.terminal) {
        server.emplace(veid, find_listener(veid, stored, log), sys::duplicate(stored.terminal));
        relays.push_back(relay_console(sys::duplicate(stored.terminal), veid, log, *server));
    }
    const std::vector<Fd> held = hold_file_systems(veid, state.mount_point, state.init_pid, log);
    const Fd lease = keep_lease(veid, state, stored.lease, log);
    VpsState running = state;
    enter_all_the_same(lock, running, Phase::Running, log);
    note_run(log, [&] { note_running(veid); });
    { const VpsLock released = std::move(lock); }
    log.say(Level::Notice, fmt::format("runs already, init is process {}", state.init_pid));
    const std::string refusal =
        state.stop_refused.empty() ? "" : "; the last stop: " + state.stop_refused;
    require_told(sd_notify(0, (ready_message(veid, state.init_pid) + refusal).c_str()));
    MachineRegistration machine(veid, log);
    const std::optional<AdoptedInit> traced = AdoptedInit::seize(state.init_pid);
    std::optional<ExitStatus> status;
    const auto pass_on_signals = [&] {
        machine.reap();
        if (traced && !status)
            status = traced->pass_on_signals();
    };
    RunningStatus shown(veid, running_status(veid, state.init_pid) + refusal);
    std::vector<Watched> watched;
    shown.add_to(watched);
    if (server)
        add_console(*server, watched);
    if (supervise_unprivileged(init, std::move(relays), pass_on_signals, watched) ==
        SupervisionEnd::ToldToGo)
        return let_run(veid, log);
    if (server)
        server->end();
    forget_lease(lease);
    pass_on_signals();
    if (!status)
        log.say(Level::Notice, "has ended, halted or rebooted; it is taken for halted");
    return report_end(veid, status.value_or(ExitStatus{}), log);
}

}  // namespace vps

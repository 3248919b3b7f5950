#include "life/adopt.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "life/console_relay.hh"
#include "life/held_open.hh"
#include "life/hold_lease.hh"
#include "life/running_status.hh"
#include "life/settings.hh"
#include "state/running_mark.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/notify.hh"

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

Supervised adopt_vps(Veid veid, const VpsState& state, Fd init, const StoredDescriptors& stored,
                     VpsLock lock, const Log& log) {
    if (!log.to_journal())
        throw Error(ExitCode::Running, "is running");
    Supervised vps{veid, state.init_pid, Kinship::Adopter};
    vps.init_handle = std::move(init);
    if (stored.terminal) {
        vps.listener = find_listener(veid, stored, log);
        vps.console = sys::duplicate(stored.terminal);
    }
    vps.held = hold_file_systems(veid, state.mount_point, state.init_pid, log);
    if (Fd lease = keep_lease(veid, state, stored.lease, log))
        vps.held.push_back(std::move(lease));
    VpsState running = state;
    enter_all_the_same(lock, running, Phase::Running, log);
    note_run(log, [&] { note_running(veid); });
    { const VpsLock released = std::move(lock); }
    log.say(Level::Notice, fmt::format("runs already, init is process {}", state.init_pid));
    if (!state.stop_refused.empty())
        vps.remark = "; the last stop: " + state.stop_refused;
    require_told(notify(ready_message(veid, state.init_pid) + vps.remark));
    return vps;
}

}  // namespace vps

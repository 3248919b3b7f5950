#include "life/adopt.hh"

#include <fmt/format.h>

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

Supervised adopt_vps(Veid veid, const VpsState& state, Fd init, const StoredDescriptors& stored,
                     VpsLock lock, const Log& log) {
    if (!log.to_journal())
        throw Error(ExitCode::Running, "is running");
    Supervised vps{veid, state.init_pid, Kinship::Adopter};
    vps.init_handle = std::move(init);
    if (stored.console) {
        vps.listener = open_console(veid, log);
        vps.console = sys::duplicate(stored.console);
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

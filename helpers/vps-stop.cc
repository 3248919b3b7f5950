// vps-stop [--force] VEID: runs N.stop in the VPS context, asks the VPS's init to power off, waits
// STOP_TIMEOUT seconds and then kills it. systemd calls it as ExecStop= of vps@.service. When
// N.stop fails the VPS keeps running.

#include <cstdlib>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "life/hurried_stop.hh"
#include "life/stop_running.hh"
#include "network/network_program.hh"
#include "state/life_counts.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "systemd/system_manager.hh"

namespace vps {

namespace {

// systemd calls ExecStop= as well when the supervisor has ended by itself, without $MAINPID then
// (systemd.exec(5)): nobody wants the VPS stopped, and vps-umount has it adopted.
bool has_supervisor_gone(const Invocation& invocation) {
    if (!invocation.log.to_journal() || std::getenv("MAINPID"))
        return false;
    const Orders orders = orders_for(invocation.veid);
    return !orders.host_stopping && !wants_stop(orders);
}

// Returns nothing where another operation had the lock, and has gone on with the stop when it was
// told to.
std::optional<VpsLock> lock_or_hurry(const Invocation& invocation) {
    try {
        return VpsLock(invocation.veid);
    } catch (const Error& error) {
        if (error.code() != ExitCode::Locked || !invocation.force || !hurry_stop(invocation.veid))
            throw;
    }
    return std::nullopt;
}

ExitCode stop_vps(const Invocation& invocation) {
    const std::optional<VpsLock> locked = lock_or_hurry(invocation);
    if (!locked)
        return ExitCode::Ok;
    const VpsLock& lock = *locked;
    FoundVps vps = find_vps(invocation.veid, lock, invocation.log);
    if (!vps.init) {
        // Under systemd the VPS has ended by itself, and vps-umount does the rest.
        if (invocation.log.to_journal())
            return ExitCode::Ok;
        throw Error(ExitCode::NotRunning, "is not running");
    }
    if (has_supervisor_gone(invocation))
        return ExitCode::Ok;
    if (vps.is_found_again)
        attempt(invocation.log,
                [&] { find_network_of_running(invocation.veid, vps.state->init_pid); });
    const CountedStep step(invocation.veid, &LifeCounts::stop_milliseconds);
    stop_running(invocation.veid, lock, *vps.state, std::move(*vps.init), invocation.log,
                 invocation.force ? Refusal::Force : Refusal::Respect);
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-stop",
         .summary = "Stops a running VPS. Called by vps@.service; use systemctl.",
         .has_force = true,
         .consequence = "the VPS may run on"},
        vps::stop_vps);
}

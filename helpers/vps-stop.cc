// vps-stop [--force] VEID: runs N.stop in the VPS context, asks the VPS's init to power off, waits
// STOP_TIMEOUT seconds and then kills it. systemd calls it as ExecStop= of vps@.service. When
// N.stop fails the VPS keeps running.

#include <poll.h>

#include <cstdlib>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "life/hurried_stop.hh"
#include "life/stop_running.hh"
#include "network/network_program.hh"
#include "state/life_counts.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "systemd/system_manager.hh"

namespace vps {

namespace {

constexpr unsigned kPatience = 15;  // seconds, of the minute that TimeoutStopSec= has for scripts
constexpr int kPause = 100;         // milliseconds

// systemd calls ExecStop= as well when the supervisor has ended by itself, without $MAINPID then
// (systemd.exec(5)): nobody wants the VPS stopped, and vps-umount has it adopted.
bool has_supervisor_gone(const Invocation& invocation) {
    if (!invocation.log.to_journal() || std::getenv("MAINPID"))
        return false;
    const Orders orders = orders_for(invocation.veid);
    return !orders.host_stopping && !wants_stop(orders);
}

// Returns nothing where another operation had the lock, and has gone on with the stop when it was
// told to. systemd asks once, and a stop that fails leaves a VPS without a supervisor, or has a
// cluster fence its host: so the stop waits for a change of limits or quota that is at its end.
std::optional<VpsLock> lock_or_hurry(const Invocation& invocation) {
    const Deadline deadline = deadline_after(invocation.log.to_journal() ? kPatience : 0);
    for (;;) {
        try {
            return VpsLock(invocation.veid);
        } catch (const Error& error) {
            if (error.code() != ExitCode::Locked)
                throw;
            if (invocation.force && hurry_stop(invocation.veid))
                return std::nullopt;
            if (milliseconds_until(deadline) == 0)
                throw;
        }
        (void)poll(nullptr, 0, kPause);
    }
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

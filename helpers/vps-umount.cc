// vps-umount [--force] VEID: runs a VPS's umount scripts, dismounts its root with everything below,
// and runs the postumount scripts, as `vzctl umount` did. systemd calls it at the end of every run,
// successful or not (ExecStopPost= of vps@.service); how far the VPS got is read from its state.

#include <fmt/format.h>

#include <cstdlib>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "context/vps_scope.hh"
#include "life/dismount.hh"
#include "life/left_over.hh"
#include "life/settings.hh"
#include "life/stop_running.hh"
#include "state/life_counts.hh"
#include "state/reboot_rate.hh"
#include "state/running_mark.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "systemd/stored_descriptors.hh"
#include "systemd/system_manager.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// True when the VPS has rebooted from inside and is to start again: systemd tells ExecStopPost= how
// the supervisor ended (systemd.exec(5)).
bool is_reboot() {
    const char* status = std::getenv("EXIT_STATUS");
    return status && std::atoi(status) == static_cast<int>(ExitCode::Reboot);
}

// The VPS runs on: its stop was refused or came to no end, or its supervisor has died. Its unit is
// about to be inactive. A start that is queued now has the VPS adopted, keeps the console in the
// unit's descriptor store, and cancels a stop or restart, so that the caller learns of the refusal.
// The start is queued as late as here, because the next stop may come at once. (Should this program
// fail, the scope still has the unit started, since it upholds it.)
void keep_running(const VpsState& state, const Invocation& invocation) {
    const auto [job, host_stopping] = orders_for(invocation.veid);
    if (host_stopping)
        return;
    const char* result = std::getenv("SERVICE_RESULT");
    if (job == "start" && result && std::string_view(result) == "timeout")
        invocation.log.say(Level::Warning,
                           "runs on, but init has not said in time that it has booted "
                           "(START_WAIT): the start is cancelled");
    else if (!job.empty() && state.stop_refused.empty())
        invocation.log.say(
            Level::Warning,
            fmt::format("runs on, so the {} is cancelled; it can be tried again", job));
    insist_on_start(service_unit(invocation.veid), job.ends_with("restart") || job == "start");
}

// True if a stop came before the VPS's init had said that it has booted (START_WAIT), before its
// new supervisor had, or while the unit was being reloaded: systemd then has ended the supervisor
// and called no other program to stop the VPS.
bool is_stop_owed(const VpsState& state, const Invocation& invocation) {
    if (state.phase != Phase::Running || !state.stop_refused.empty())
        return false;
    return wants_stop(orders_for(invocation.veid)) && !stop_was_called(invocation.veid);
}

// False when the VPS runs on.
bool stop_or_refuse(const Invocation& invocation, const VpsLock& lock, VpsState& state, Fd init) {
    try {
        stop_running(invocation.veid, lock, state, std::move(init), invocation.log);
        invocation.log.say(Level::Info, "stopped before its start or reload was over",
                           {{"MESSAGE_ID", std::string(message_id::kVpsStopped)}});
        return true;
    } catch (const Error& error) {
        invocation.log.say(Level::Error, error.what());
        return false;
    }
}

// Removes the mark of a VPS that does not run any more, by an order for it or by its own doing. If
// the host goes down, or the VPS is to start again at once, the mark stays, so that the next boot
// finds it.
void forget_run(const Invocation& invocation) {
    if (!is_noted_running(invocation.veid))
        return;
    try {
        if (is_reboot())
            return;
        const Orders orders = orders_for(invocation.veid);
        if (orders.host_stopping || orders.job.ends_with("restart"))
            return;
        forget_running(invocation.veid);
    } catch (const Error& error) {
        invocation.log.say(
            Level::Warning,
            fmt::format("{}; without ONBOOT it will start at the next boot", error.what()));
    }
}

ExitCode umount_vps(const Invocation& invocation) {
    const Log& log = invocation.log;
    // What has begun comes to its end: a VPS must not stay mounted without a line. A script that
    // runs then, or the next one, takes the signal for its own.
    const TerminationRequest held_back;
    const VpsLock lock(invocation.veid);
    if (!is_reboot())
        forget_reboots(invocation.veid);
    FoundVps vps = find_vps(invocation.veid, lock, log);
    std::optional<VpsState>& state = vps.state;
    if (!state) {
        if (log.to_journal())
            return ExitCode::Ok;
        throw Error(ExitCode::NotMounted, "is not mounted");
    }
    if (std::optional<Fd> init = std::move(vps.init)) {
        if (!log.to_journal())
            throw Error(ExitCode::Running, "is running");
        if (!is_stop_owed(*state, invocation) ||
            !stop_or_refuse(invocation, lock, *state, std::move(*init))) {
            keep_running(*state, invocation);
            return ExitCode::Ok;
        }
    }
    const LeftOver left_over(invocation.veid, log);
    CountedStep step(invocation.veid, &LifeCounts::stop_milliseconds);
    if (state->phase == Phase::Running || state->phase == Phase::Stopping) {
        step.done({.stops = 1});
        forget_run(invocation);
    }
    end_vps_scope(invocation.veid);
    // vps-mount or the last stop has told a refusal of the umount scripts; the scripts are asked
    // again at the next start, or by hand, but not twice in one go.
    if (log.to_journal() && state->phase == Phase::Umounting)
        return ExitCode::Ok;
    const VpsConfig config = load_config_of_mounted(invocation.veid, *state, invocation.log);
    end_vps(lock, *state, scripts_owed(*state, config, log.to_journal()),
            script_settings(invocation.veid, config), log,
            invocation.force ? Refusal::Force : Refusal::Respect);
    forget_lease();
    if (!log.to_journal())
        log.record(Level::Notice, "dismounted by hand");
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-umount",
         .summary = "Runs the umount scripts of a VPS and dismounts its private area.",
         .has_force = true,
         .consequence = "the VPS may be mounted still"},
        vps::umount_vps);
}

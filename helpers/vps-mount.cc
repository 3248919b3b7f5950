// vps-mount VEID: mounts a VPS's private area on its root and runs the premount and mount scripts
// around it, as `vzctl mount` did. systemd calls it as the first step of a start (ExecStartPre= of
// vps@.service). If anything fails, nothing is mounted.

#include "command/program.hh"
#include "context/running_vps.hh"
#include "life/left_over.hh"
#include "life/mount.hh"
#include "manage/cut_switch.hh"
#include "state/life_counts.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "systemd/cgroup.hh"
#include "systemd/service_settings.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// A mount namespace of the caller's is the caller's wish where the program is called by hand.
void check_settings_of_service(Veid veid, const Log& log) {
    const std::string unit = service_unit(veid);
    if (!in_service(unit))
        return;
    if (const auto why = explain_own_namespaces(unit))
        throw Error(ExitCode::System, *why);
    for (const std::string& lost : explain_lost_rights(unit))
        log.say(Level::Warning, lost);
}

// After a switch to a snapshot that was cut off, files and configuration may not belong together.
VpsConfig find_config(Veid veid, const Log& log) {
    VpsConfig config = load_config_to_start(veid, log);
    if (end_switch_before_start(veid, *config.ve_private, log))
        config = load_config_to_start(veid, log);
    return config;
}

ExitCode mount_vps(const Invocation& invocation) {
    require_unified_cgroups();
    check_settings_of_service(invocation.veid, invocation.log);
    const VpsLock lock(invocation.veid);
    const FoundVps earlier = find_vps(invocation.veid, lock, invocation.log);
    // The supervisor adopts a VPS that runs already, whatever its configuration says by now.
    if (earlier.init) {
        if (!invocation.log.to_journal())
            throw Error(ExitCode::Running, "is running");
        return ExitCode::Ok;
    }
    CountedStep step(invocation.veid, &LifeCounts::start_milliseconds, {.start_failures = 1});
    if (earlier.state)
        end_earlier_life(invocation.veid, lock, *earlier.state, invocation.log);
    const LeftOver left_over(invocation.veid, invocation.log);
    mount_with_scripts(invocation.veid, lock, find_config(invocation.veid, invocation.log),
                       invocation.log);
    step.done();
    if (!invocation.log.to_journal())
        invocation.log.record(Level::Notice, "mounted by hand; it does not run");
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-mount",
         .summary = "Mounts the private area of a VPS and runs its mount scripts.",
         .consequence = "the VPS is not mounted"},
        vps::mount_vps);
}

#include "manage/life_verbs.hh"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "config/config.hh"
#include "context/running_vps.hh"
#include "installed.hh"
#include "state/state.hh"
#include "state/wish.hh"
#include "sys/mount.hh"
#include "sys/program.hh"
#include "sys/sys.hh"
#include "systemd/journal.hh"
#include "systemd/masked.hh"
#include "systemd/unit_job.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

std::uint64_t microseconds_now() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(
        duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

// Tells each failure of the unit's programs since then, and returns the exit code of the first one.
ExitCode explain_failure(const Call& call, std::uint64_t since, const char* fallback) {
    const std::vector<FailedCommand> failed = find_failed_commands(call.veid, since);
    const std::vector<std::string> lines = find_failures(call.veid, since);
    for (const std::string& line : lines)
        call.talk.warn(line);
    if (lines.empty())
        call.talk.warn(fmt::format("vps {}: {}; journalctl -u {} has more", call.veid.to_string(),
                                   fallback, service_unit(call.veid)));
    for (const FailedCommand& command : failed)
        if (command.exit_code != 0)
            return static_cast<ExitCode>(command.exit_code);
    return ExitCode::System;
}

ExitCode start_vps_unit(const Call& call, const Wish& wish) {
    if (is_running(call.veid)) {
        if (active_state(service_unit(call.veid)) == "deactivating")
            throw Complaint(ExitCode::Locked, "Container already locked: it is being stopped");
        throw Complaint(ExitCode::Running, "Container is already running");
    }
    if (!wish.starts_disabled && load_vps_config(call.veid).disabled)
        throw Complaint(ExitCode::Disabled,
                        "Container start disabled (DISABLED=yes; --force starts it)");
    call.talk.tell("Starting container...");
    const StandingWish standing(call.veid, wish);
    const std::uint64_t since = microseconds_now();
    if (do_job(service_unit(call.veid), Job::Start) != JobEnd::Done)
        return explain_failure(call, since, "the start has failed");
    call.talk.tell(wish.waits_for_boot ? "Container started successfully"
                                       : "Container start in progress...");
    return ExitCode::Ok;
}

// The VPS runs on: its stop script, or whoever ordered another thing meanwhile, wanted it so.
ExitCode explain_veto(const Call& call) {
    const std::optional<VpsState> state = find_vps(call.veid).state;
    const std::string unit = service_unit(call.veid);
    if (is_masked(unit))
        throw Complaint(ExitCode::CannotStop,
                        fmt::format("Unable to stop container: {0} is masked; systemctl unmask {0} "
                                    "and systemctl start {0} first",
                                    unit));
    if (!state || state->stop_refused.empty())
        throw Complaint(ExitCode::CannotStop,
                        "Unable to stop container: another order has taken the place of the stop");
    call.talk.warn(fmt::format("vps {}: {}", call.veid.to_string(), state->stop_refused));
    call.talk.warn("Unable to stop container");
    return ExitCode::ScriptFailed;
}

bool is_idle(const std::string& unit) {
    const std::string state = active_state(unit);
    return state == "inactive" || state == "failed";
}

ExitCode stop_vps_unit(const Call& call, const Wish& wish) {
    const std::string unit = service_unit(call.veid);
    if (!is_running(call.veid) && is_idle(unit)) {
        call.talk.warn("Unable to stop: container is not running");
        return ExitCode::Ok;
    }
    call.talk.tell(wish.kills ? "Killing container ..." : "Stopping container ...");
    const StandingWish standing(call.veid, wish);
    const std::uint64_t since = microseconds_now();
    const JobEnd end = do_job(unit, Job::Stop);
    if (is_running(call.veid))
        return explain_veto(call);
    if (end == JobEnd::Failed)
        return explain_failure(call, since, "the stop has failed");
    call.talk.tell("Container was stopped");
    const bool failed = active_state(unit) == "failed";
    if (failed && find_vps(call.veid).state)
        return explain_failure(call, since, "it is not dismounted");
    call.talk.tell("Container is unmounted");
    // A postumount script, or a ploop image that could not be written to.
    if (failed && !find_failed_commands(call.veid, since).empty())
        return explain_failure(call, since, "the stop has failed");
    return ExitCode::Ok;
}

Wish wish_of(const Call& call) {
    const GivenOptions& given = call.given;
    if (given.has("skip-umount"))
        call.talk.warn("--skip-umount has no effect: the private area is dismounted");
    return {.starts_disabled = given.has("force"),
            .waits_for_boot = given.has("wait"),
            .kills = given.has("fast")};
}

// Runs a program of ours with the words and streams that the caller has.
ExitCode run_helper(const char* program, const Call& call) {
    const Fd nothing = sys::open("/dev/null", O_RDWR);
    Child child = start_program({program, call.veid.to_string()}, 0, [&] {
        return !call.talk.is_quiet() ||
               (dup2(nothing.get(), STDERR_FILENO) >= 0 && dup2(nothing.get(), STDOUT_FILENO) >= 0);
    });
    const ExitStatus status = child.wait().value_or(ExitStatus{});
    if (status.signal != 0 || status.code == 127)
        throw Error(ExitCode::System, fmt::format("'{}': {}", program, status.to_string()));
    return static_cast<ExitCode>(status.code);
}

bool is_directory(const std::optional<std::string>& path) {
    struct stat status {};
    return path && stat(path->c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// status is for a VPS without a configuration, too.
std::optional<VpsConfig> find_config(Veid veid) {
    try {
        return load_vps_config(veid);
    } catch (const Error& error) {
        if (error.code() != ExitCode::NoVpsConf)
            throw;
        return std::nullopt;
    }
}

}  // namespace

bool is_mounted(Veid veid, const VpsConfig& config) {
    if (find_vps(veid).state)
        return true;
    return config.ve_root && is_directory(config.ve_root) &&
           is_mount_point(sys::realpath(*config.ve_root));
}

bool is_running(Veid veid) {
    return static_cast<bool>(find_vps(veid).init);
}

void require_down(Veid veid, const VpsConfig& config) {
    if (is_running(veid))
        throw Complaint(ExitCode::Running, "Container is currently running. Stop it first.");
    if (is_mounted(veid, config))
        throw Complaint(ExitCode::Mounted, "Container is currently mounted (umount first)");
}

ExitCode start_now(const Call& call) {
    return start_vps_unit(call, {});
}

ExitCode stop_now(const Call& call) {
    return stop_vps_unit(call, {});
}

ExitCode start_verb(const Call& call) {
    return start_vps_unit(call, wish_of(call));
}

ExitCode stop_verb(const Call& call) {
    return stop_vps_unit(call, wish_of(call));
}

ExitCode restart_verb(const Call& call) {
    const Wish wish = wish_of(call);
    call.talk.tell("Restarting container");
    if (is_running(call.veid))
        if (const ExitCode code = stop_vps_unit(call, {.kills = wish.kills}); code != ExitCode::Ok)
            return code;
    return start_vps_unit(
        call, {.starts_disabled = wish.starts_disabled, .waits_for_boot = wish.waits_for_boot});
}

ExitCode mount_verb(const Call& call) {
    if (find_vps(call.veid).state)
        throw Complaint(ExitCode::Mounted, "Container is already mounted");
    const ExitCode code = run_helper(installed::kVpsMount, call);
    if (code == ExitCode::Ok)
        call.talk.tell("Container is mounted");
    return code;
}

ExitCode umount_verb(const Call& call) {
    const FoundVps vps = find_vps(call.veid);
    if (!vps.state)
        throw Complaint(ExitCode::NotMounted, "CT is not mounted");
    if (vps.init)
        throw Complaint(ExitCode::Running, "Container is running -- stop it first");
    const ExitCode code = run_helper(installed::kVpsUmount, call);
    if (code == ExitCode::Ok)
        call.talk.tell("Container is unmounted");
    return code;
}

ExitCode status_verb(const Call& call) {
    const std::optional<VpsConfig> config = find_config(call.veid);
    const bool exists = config && is_directory(config->ve_private);
    // One whose configuration has gone may run all the same.
    const bool mounted = is_mounted(call.veid, config.value_or(VpsConfig()));
    sys::print(fmt::format("CTID {} {} {} {}\n", call.veid.to_string(),
                           exists ? "exist" : "deleted", mounted ? "mounted" : "unmounted",
                           is_running(call.veid) ? "running" : "down"));
    return ExitCode::Ok;
}

}  // namespace vps

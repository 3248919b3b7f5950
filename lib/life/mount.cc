#include "life/mount.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "context/vps_scope.hh"
#include "life/dismount.hh"
#include "life/mount_area.hh"
#include "life/settings.hh"
#include "life/stray_mount.hh"
#include "limits/cpus_and_nodes.hh"
#include "script/action_script.hh"
#include "state/directories.hh"
#include "state/lease.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

void require_mount_by_script(const VpsState& state) {
    if (!is_mount_point(state.mount_point))
        throw Error(ExitCode::CannotMount,
                    fmt::format("a premount script has told to skip the mount (exit code 39), but "
                                "nothing is mounted on '{}'",
                                state.mount_point));
}

bool is_still_mounted(const std::string& mount_point) {
    struct stat status {};
    return stat(mount_point.c_str(), &status) == 0 && is_mount_point(mount_point);
}

void require_still_mounted(const VpsState& state, const std::string& script) {
    if (!is_still_mounted(state.mount_point))
        throw Error(ExitCode::CannotMount,
                    fmt::format("action script '{}' has dismounted '{}'; a mount script may mount "
                                "below VE_ROOT, and leaves VE_ROOT itself mounted",
                                script, state.mount_point));
}

using Run = std::function<ScriptResult(const ScriptKind&)>;

// Runs scripts that mount below VE_ROOT: both mount scripts, or premount scripts that mount the
// private area themselves. A mount of theirs may land elsewhere: a symbolic link of the VPS's,
// which mount(8) follows, is in its way; or the host gets a copy of it.
ScriptResult run_mounting_scripts(const std::array<ScriptKind, 2>& kinds, const VpsState& state,
                                  const ScriptSettings& settings, const Run& run) {
    std::vector<std::string> texts;
    for (const ScriptKind& kind : kinds)
        if (const auto script = find_script(kind, settings.veid, settings.dir))
            texts.push_back(read_script(*script));
    if (texts.empty())
        return ScriptResult::Done;
    ScriptMounts mounts(state.mount_point, std::move(texts));
    const ScriptResult first = run(kinds[0]);
    const ScriptResult result = std::max(first, run(kinds[1]));
    if (const auto stray = mounts.settle())
        throw Error(ExitCode::CannotMount,
                    fmt::format("a {} script has mounted on '{}' of the host instead of '{}', "
                                "where the VPS has a symbolic link; dismounted again, and the VPS "
                                "is not started",
                                kinds[1].suffix, stray->target, stray->name));
    return result;
}

ScriptResult run_told(const ScriptKind& kind, const ScriptSettings& settings, const Log& log) {
    const std::optional<ActionScript> script = find_script(kind, settings.veid, settings.dir);
    if (!script)
        return ScriptResult::Done;
    tell_status("Starting: action script " + script->name);
    const ScriptResult result = run_host_script(*script, {}, settings, log);
    tell_status("Starting");
    return result;
}

}  // namespace

// Mount scripts source the file as root, and it may say USERNS=no.
static void warn_of_foreign_writers(Veid veid, const Log& log) {
    for (const std::string& path :
         {std::string("/etc/vz/vz.conf"), fmt::format("/etc/vz/conf/{}.conf", veid.to_string())}) {
        struct stat file {};
        if (stat(path.c_str(), &file) < 0)
            continue;
        if (const std::string why = find_foreign_writer(file); !why.empty())
            log.say(Level::Warning,
                    fmt::format("'{}': {}; who writes it is root of this host", path, why));
    }
}

VpsConfig load_config_to_start(Veid veid, const Log& log) {
    VpsConfig config = load_usable_config(veid);
    for (const Diagnostic& diagnostic : config.diagnostics)
        if (diagnostic.severity == Severity::Warning)
            log.say(Level::Warning,
                    diagnostic.to_string() + (diagnostic.ignored ? ", ignoring it" : ""));
    warn_of_foreign_writers(veid, log);
    require_cpus_and_nodes(config);
    if (config.disabled)
        throw Error(ExitCode::Disabled, "is disabled (DISABLED=yes in its configuration)");
    return config;
}

void end_earlier_life(Veid veid, const VpsLock& lock, const VpsState& state, const Log& log) {
    if (!log.to_journal() && state.phase == Phase::Mounted)
        throw Error(ExitCode::Mounted,
                    fmt::format("is mounted on '{}' already", state.mount_point));
    log.say(Level::Notice, fmt::format("an earlier run was left in state \"{}\"; ending it first",
                                       row_of(state.phase).name));
    end_vps_scope(veid);
    const VpsConfig config = load_config_of_mounted(veid, state, log);
    end_vps(lock, state, scripts_owed(state, config, false), script_settings(veid, config), log);
}

void mount_with_scripts(Veid veid, const VpsLock& lock, const VpsConfig& config, const Log& log) {
    const ScriptSettings settings = script_settings(veid, config);
    VpsState state;
    state.ve_root = *config.ve_root;
    state.ve_private = *config.ve_private;
    state.mount_point = make_mount_point(config, log);
    claim_root(veid, state, [&] { lock.enter(state, Phase::Mounting); });
    const Run run = [&](const ScriptKind& kind) { return run_told(kind, settings, log); };
    const Run run_on_mounted = [&](const ScriptKind& kind) {
        const ScriptResult result = run(kind);
        require_still_mounted(state, kind.name(veid));
        return result;
    };
    TerminationRequest request;
    UnfinishedMount unfinished(lock, state, settings, log);
    if (run_mounting_scripts({script::kGlobalPremount, script::kPremount}, state, settings, run) ==
        ScriptResult::MountSkipped) {
        require_mount_by_script(state);
    } else {
        require_private_area(config);
        claim_area(veid, state, [&] { lock.write_state(state); });
        (void)take_lease(veid, state.ve_private);  // the supervisor takes it for longer
        mount_private_area(veid, lock, state, config, request, log);
    }
    // VE_ROOT is private until the scripts have made their mounts: other mount namespaces of the
    // host would get copies of these, which no later dismounting reaches.
    make_private(state.mount_point);
    unfinished.owe(scripts_owed(state, config, true));
    (void)run_mounting_scripts({script::kGlobalMount, script::kMount}, state, settings,
                               run_on_mounted);
    make_receiving(state.mount_point);
    if (request.heed())
        throw Error(ExitCode::System, "told to end before it was mounted");
    lock.enter(state, Phase::Mounted);
    unfinished.keep();
}

}  // namespace vps

// vps-mount VEID: mounts a VPS's private area on its root and runs the premount and mount scripts
// around it, as `vzctl mount` did. systemd calls it as the first step of a start (ExecStartPre= of
// vps@.service). If anything fails, nothing is mounted.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "context/vps_scope.hh"
#include "life/dismount.hh"
#include "life/left_over.hh"
#include "life/settings.hh"
#include "life/stray_mount.hh"
#include "limits/cpus_and_nodes.hh"
#include "ploop/area_kind.hh"
#include "ploop/mount_disk.hh"
#include "quota/disk_quota.hh"
#include "state/directories.hh"
#include "state/place.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/within.hh"
#include "systemd/cgroup.hh"
#include "systemd/notify.hh"
#include "systemd/own_namespaces.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// The words ", it leads to '/srv/disk2/101' by a symbolic link", or none where there is no link.
std::string describe_links(const std::string& path) {
    const std::vector<std::string> places = FollowedLinks().of(path);
    return places.empty()
               ? std::string()
               : fmt::format("; it leads to '{}' by {}symbolic link{}", places.back(),
                             places.size() > 1 ? "" : "a ", places.size() > 1 ? "s" : "");
}

[[noreturn]] void refuse_mounted(const std::string& mount_point) {
    if (const std::optional<Veid> other = find_mounted_on(mount_point))
        throw Error(
            ExitCode::Mounted,
            fmt::format("the directory '{}' is the root of VPS {}; change VE_ROOT of one of "
                        "the two, or stop that one",
                        mount_point, other->to_string()));
    throw Error(ExitCode::Mounted,
                fmt::format("something is mounted on '{0}' already; dismount it first (umount -R "
                            "'{0}')",
                            mount_point));
}

void refuse_problem(const VpsConfig& config, const std::optional<ConfigProblem>& problem) {
    if (problem)
        throw Error(ExitCode::BadValue, config.tell(*problem));
}

void require_private_area(const VpsConfig& config) {
    struct stat status {};
    if (stat(config.ve_private->c_str(), &status) < 0)
        throw Error(ExitCode::NoPrivateArea,
                    fmt::format("the private area '{}' does not exist{}", *config.ve_private,
                                describe_links(*config.ve_private)));
    if (!S_ISDIR(status.st_mode))
        throw Error(ExitCode::NoPrivateArea,
                    fmt::format("the private area '{}' is no directory{}; VE_PRIVATE names the "
                                "directory of the VPS's files",
                                *config.ve_private, describe_links(*config.ve_private)));
    refuse_problem(config, HostPlaces().find_area_problem(config));
}

// VE_ROOT, made if need be. Files in it are hidden while the VPS is mounted.
std::string make_mount_point(const VpsConfig& config, const Log& log) {
    refuse_problem(config, HostPlaces().find_root_problem(config));
    struct stat status {};
    if (stat(config.ve_root->c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
        throw Error(ExitCode::CannotMount,
                    fmt::format("VE_ROOT '{}' is no directory; remove it, or change VE_ROOT",
                                *config.ve_root));
    const std::string mount_point = within({"VE_ROOT", ExitCode::CannotMount}, [&] {
        sys::mkdir_all(*config.ve_root, 0755);
        return sys::realpath(*config.ve_root);
    });
    if (is_mount_point(mount_point))
        refuse_mounted(mount_point);
    if (holds_files(mount_point))
        log.say(Level::Warning,
                fmt::format("VE_ROOT '{}' holds files, which nobody sees while the VPS is mounted "
                            "there",
                            mount_point));
    return mount_point;
}

// Mount options of the host's file system are no word about the VPS: /vz noexec, nosuid or nodev
// (fstab of a hardened host) would leave it without programs, su or device nodes. VE_ROOT is for
// root alone on the host.
void mount_area(const VpsState& state, const Log& log) {
    struct Option {
        unsigned long flag;
        std::uint64_t attribute;
        const char* name;
    };
    struct statvfs status {};
    if (statvfs(state.ve_private.c_str(), &status) < 0)
        throw SysError(errno, "look at", state.ve_private);
    BindSpec bind{.source = state.ve_private, .target = state.mount_point};
    std::vector<std::string> names;
    for (const auto& [flag, attribute, name] : {Option{ST_NOEXEC, MOUNT_ATTR_NOEXEC, "noexec"},
                                                Option{ST_NOSUID, MOUNT_ATTR_NOSUID, "nosuid"},
                                                Option{ST_NODEV, MOUNT_ATTR_NODEV, "nodev"}})
        if (status.f_flag & flag) {
            bind.clear |= attribute;
            names.emplace_back(name);
        }
    bind_mount(bind).keep();
    if (!names.empty())
        log.say(Level::Warning,
                fmt::format("the file system of '{}' is mounted with the option{} {}; the VPS's "
                            "own mount is without",
                            state.ve_private, names.size() > 1 ? "s" : "", fmt::join(names, ", ")));
}

// A private area of files is bound, with its disk quota; the size of a disk image is its quota.
void mount_private_area(const VpsLock& lock, VpsState& state, const VpsConfig& config,
                        const TerminationRequest& request, const Invocation& invocation) {
    const Fd area = sys::open(state.ve_private, O_PATH | O_DIRECTORY);
    if (find_area_kind(config, has_disk(area), state.ve_private) == AreaKind::Files) {
        apply_disk_quota(invocation.veid, config, PrivateArea::Idle, invocation.log);
        mount_area(state, invocation.log);
        return;
    }
    const auto note = [&](const std::string& image) {
        state.image = image;
        lock.write_state(state);
    };
    mount_disk({invocation.veid, state.ve_private, state.mount_point, request.fd(), note},
               invocation.log);
}

void require_mount_by_script(const VpsState& state) {
    if (!is_mount_point(state.mount_point))
        throw Error(ExitCode::CannotMount,
                    fmt::format("a premount script has told to skip the mount (exit code 39), but "
                                "nothing is mounted on '{}'",
                                state.mount_point));
}

// Brings an earlier life of the VPS to its end.
void end_earlier_life(const VpsLock& lock, const VpsState& state, const Invocation& invocation) {
    const Log& log = invocation.log;
    if (!log.to_journal() && state.phase == Phase::Mounted)
        throw Error(ExitCode::Mounted,
                    fmt::format("is mounted on '{}' already", state.mount_point));
    log.say(Level::Notice, fmt::format("an earlier run was left in state \"{}\"; ending it first",
                                       row_of(state.phase).name));
    end_vps_scope(invocation.veid);
    const VpsConfig config = load_config_of_mounted(invocation.veid, state, invocation.log);
    end_vps(lock, state, scripts_owed(state, config, false),
            script_settings(invocation.veid, config), log);
}

VpsConfig load_config_to_start(const Invocation& invocation) {
    VpsConfig config = load_usable_config(invocation.veid);
    for (const Diagnostic& diagnostic : config.diagnostics)
        if (diagnostic.severity == Severity::Warning)
            invocation.log.say(Level::Warning, diagnostic.to_string() +
                                                   (diagnostic.ignored ? ", ignoring it" : ""));
    require_cpus_and_nodes(config);
    if (config.disabled)
        throw Error(ExitCode::Disabled, "is disabled (DISABLED=yes in its configuration)");
    return config;
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

// A mount of a mount script below VE_ROOT may land elsewhere: a symbolic link of the VPS's, which
// mount(8) follows, is in its way.
void run_mount_scripts(const VpsState& state, const ScriptSettings& settings,
                       const std::function<ScriptResult(const ScriptKind&)>& run) {
    std::vector<std::string> texts;
    for (const ScriptKind& kind : {script::kGlobalMount, script::kMount})
        if (const auto script = find_script(kind, settings.veid, settings.dir))
            texts.push_back(read_script(*script));
    if (texts.empty())
        return;
    ScriptMounts mounts(state.mount_point, std::move(texts));
    for (const ScriptKind& kind : {script::kGlobalMount, script::kMount}) {
        run(kind);
        require_still_mounted(state, kind.name(settings.veid));
    }
    if (const auto stray = mounts.settle())
        throw Error(ExitCode::CannotMount,
                    fmt::format("a mount script has mounted on '{}' of the host instead of '{}', "
                                "where the VPS has a symbolic link; dismounted again, and the VPS "
                                "is not started",
                                stray->target, stray->name));
}

void mount_with_scripts(const VpsLock& lock, const VpsConfig& config,
                        const Invocation& invocation) {
    const Log& log = invocation.log;
    const ScriptSettings settings = script_settings(invocation.veid, config);
    VpsState state;
    state.ve_root = *config.ve_root;
    state.ve_private = *config.ve_private;
    state.mount_point = make_mount_point(config, log);
    claim_root(invocation.veid, state, [&] { lock.enter(state, Phase::Mounting); });
    const auto run = [&](const ScriptKind& kind) {
        const std::optional<ActionScript> script = find_script(kind, invocation.veid, settings.dir);
        if (!script)
            return ScriptResult::Done;
        tell_status("Starting: action script " + script->name);
        const ScriptResult result = run_host_script(*script, {}, settings, log);
        tell_status("Starting");
        return result;
    };
    TerminationRequest request;
    UnfinishedMount unfinished(lock, state, settings, log);
    const ScriptResult global = run(script::kGlobalPremount);
    const ScriptResult mount = std::max(global, run(script::kPremount));
    if (mount == ScriptResult::MountSkipped) {
        require_mount_by_script(state);
    } else {
        require_private_area(config);
        claim_area(invocation.veid, state, [&] { lock.write_state(state); });
        mount_private_area(lock, state, config, request, invocation);
    }
    // VE_ROOT is private until the scripts have made their mounts: other mount namespaces of the
    // host would get copies of these, which no later dismounting reaches.
    make_private(state.mount_point);
    unfinished.owe(scripts_owed(state, config, true));
    run_mount_scripts(state, settings, run);
    make_receiving(state.mount_point);
    if (request.heed())
        throw Error(ExitCode::System, "told to end before it was mounted");
    lock.enter(state, Phase::Mounted);
    unfinished.keep();
}

// A mount namespace of the caller's is the caller's wish where the program is called by hand.
void require_namespaces_of_host(Veid veid) {
    const std::string unit = service_unit(veid);
    if (!in_service(unit))
        return;
    if (const auto why = explain_own_namespaces(unit))
        throw Error(ExitCode::System, *why);
}

ExitCode mount_vps(const Invocation& invocation) {
    require_unified_cgroups();
    require_namespaces_of_host(invocation.veid);
    const VpsLock lock(invocation.veid);
    const FoundVps earlier = find_vps(invocation.veid, lock, invocation.log);
    // The supervisor adopts a VPS that runs already, whatever its configuration says by now.
    if (earlier.init) {
        if (!invocation.log.to_journal())
            throw Error(ExitCode::Running, "is running");
        return ExitCode::Ok;
    }
    if (earlier.state)
        end_earlier_life(lock, *earlier.state, invocation);
    const LeftOver left_over(invocation.veid, invocation.log);
    mount_with_scripts(lock, load_config_to_start(invocation), invocation);
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

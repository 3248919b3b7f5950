#include "life/start.hh"

#include <fmt/format.h>
#include <linux/sched.h>

#include "context/become_init.hh"
#include "context/launch.hh"
#include "context/lxcfs.hh"
#include "context/vps_root.hh"
#include "files/resolver.hh"
#include "files/write.hh"
#include "life/hand_over.hh"
#include "life/settings.hh"
#include "limits/init_limits.hh"
#include "limits/live_limits.hh"
#include "limits/slice_limits.hh"
#include "limits/unit_limits.hh"
#include "network/network_program.hh"
#include "network/network_spec.hh"
#include "script/vps_script.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "systemd/libsystemd.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

void require_init(const VpsState& state) {
    const Fd root = sys::open(state.mount_point, O_PATH | O_DIRECTORY);
    for (const char* path : kInits)
        if (sys::find_in_root(root, path, O_PATH))
            return;
    throw Error(ExitCode::NoInit, fmt::format("there is no init in '{}' (looked for {})",
                                              state.ve_root, fmt::join(kInits, ", ")));
}

ContextSetup plan_context(const VpsState& state, const VpsConfig& config, FdRef channel) {
    ContextSetup setup;
    setup.mount_point = state.mount_point;
    setup.user_namespace = config.userns;
    setup.hostname = config.hostname.value_or("localhost");
    // What the kernel gives an init, and the name of the kind of container as inits look for it
    // (systemd's CONTAINER_INTERFACE; OpenRC and upstart know this name, too). The console is no
    // terminal that anybody looks at.
    setup.environment = {"HOME=/", "TERM=dumb", "container=lxc"};
    if (config.start_wait)
        setup.environment.push_back(fmt::format("NOTIFY_SOCKET={}", kBootSocket));
    if (const auto most = most_terminals(config))
        setup.terminal_options += fmt::format(",max={}", most);
    setup.channel = channel.get();
    return setup;
}

FileOwner owner_on_disk(const std::optional<UserIds>& ids) {
    return ids && ids->shifted ? FileOwner{ids->first_uid, ids->first_gid} : FileOwner{0, 0};
}

}  // namespace

// The first process is made as soon as is known what it has to know: the rest is found out while it
// works.
RunningVps start_vps(Veid veid, const VpsLock& lock, VpsState state, const Log& log) {
    const VpsConfig config = load_usable_config(veid);
    std::vector<std::string> problems;

    auto [ours, theirs] = sys::socketpair();
    ContextSetup setup = plan_context(state, config, theirs);
    setup.capabilities = find_capabilities(config, problems);
    prepare_launch(setup);
    VpsScope scope = open_scope(veid);
    Child init =
        clone_process(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
                          (config.userns ? CLONE_NEWUSER : 0) | CLONE_INTO_CGROUP,
                      scope.cgroup);
    RunningVps vps{.init = std::move(init), .scope = std::move(scope)};
    if (vps.init.pid() == 0)
        become_init(setup);
    theirs.reset();
    const pid_t pid = vps.init.pid();
    try {
        // Whatever fails from here on, the VPS is dead and its state is that of a start.
        StateStep started(lock, state, Phase::Starting);
        Undo end(kill_descendants);  // init, and N.start, which init's end waits for
        const std::optional<UserIds> ids = choose_ids(veid, config);
        if (!ids)
            log.say(Level::Warning, "USERNS=no: root in the VPS is root on the host");
        else if (!ids->shifted)
            state.first_id = ids->first_uid;
        lock.enter(state, Phase::Starting);
        require_init(state);
        const std::vector<Device> devices = find_devices(config, problems);
        const Resolver resolver = find_resolver(config, problems);
        for (const std::string& problem : problems)
            log.say(Level::Warning, problem + ", ignoring it");
        const std::vector<LxcfsFile> views = open_lxcfs(log);
        std::optional<BootSocket> boot_socket;
        const auto add_boot_socket = [&](FdRef dev) {
            if (config.start_wait)
                boot_socket.emplace(dev, ids ? ids->first_uid : 0, ids ? ids->first_gid : 0);
        };
        std::optional<NetworkStart> network;
        if (wants_network(config))
            network.emplace(veid, pid);
        hand_over_root(ours, state, ids, devices, views, add_boot_socket, pid, log);
        if (ids)
            delegate_cgroup(vps.scope.cgroup, *ids);
        write_name_files(veid, state.mount_point, config, resolver, owner_on_disk(ids), log);
        apply_slice_limits(veid, config, log);
        update_scope_quota(veid, cpu_quota(config));
        const ScriptSettings settings = script_settings(veid, config);
        const auto script = find_script(script::kStart, veid, settings.dir);
        state.init_pid = pid;
        state.init_start = find_start_time(pid).value_or(0);
        const Fd launcher = make_launcher();
        std::optional<Fd> console = receive_report(ours);
        if (!console)
            throw Error(ExitCode::System, "the VPS's first process ended unexpectedly");
        vps.console = std::move(*console);
        apply_init_limits(vps.init.pidfd(), pid, config);
        if (network)
            network->finish();

        if (script) {
            tell_status("Starting: action script " + script->name);
            for (LineRelay& relay : run_vps_script(*script, settings, vps.init.pidfd(), pid, log))
                vps.relays.push_back(std::move(relay));
        }

        lock.enter(state, Phase::Running);
        send_go(ours, launcher);
        load_libsystemd();  // while init is executed
        (void)receive_report(ours);
        if (boot_socket)
            vps.boot = BootWatch::begin(std::move(*boot_socket), pid);
        end.keep();
        started.commit();
        vps.init.release();  // from now on the VPS outlives us
    } catch (const std::exception&) {
        throw_root_cause(ours);
    }
    return vps;
}

}  // namespace vps

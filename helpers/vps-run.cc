// vps-run VEID: makes the VPS context of a mounted VPS, runs N.start in it, executes the VPS's init
// and stays as its parent until it ends. As the main process of vps@.service (Type=notify),
// vps-mount executes it. Exit code 0: halted or stopped; 133: rebooted from inside.

#include <fmt/format.h>
#include <linux/sched.h>
#include <malloc.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <functional>

#include "command/program.hh"
#include "context/become_init.hh"
#include "context/launch.hh"
#include "context/lxcfs.hh"
#include "context/enter.hh"
#include "context/vps_root.hh"
#include "context/vps_scope.hh"
#include "files/resolver.hh"
#include "files/write.hh"
#include "life/adopted_init.hh"
#include "life/boot_watch.hh"
#include "life/settings.hh"
#include "life/supervisor.hh"
#include "limits/init_limits.hh"
#include "limits/live_limits.hh"
#include "limits/slice_limits.hh"
#include "limits/unit_limits.hh"
#include "network/network_program.hh"
#include "network/network_spec.hh"
#include "script/vps_script.hh"
#include "state/reboot_rate.hh"
#include "state/running_mark.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/send_fds.hh"
#include "sys/sys.hh"
#include "systemd/libsystemd.hh"
#include "systemd/notify.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr const char* kConsoleName = "console";  // in the unit's file descriptor store

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

// What the first process of the VPS has to say: a console master, or nothing at the end of the
// channel (exec closed it). Throws what failed in there.
std::optional<Fd> receive_report(FdRef channel) {
    SetupReport report{};
    int fd = -1;
    ssize_t got = receive_fds(channel.get(), &report, sizeof report, &fd, 1);
    // It ended without having read all that we have sent: that is told once, before what it said.
    if (got < 0 && errno == ECONNRESET)
        got = receive_fds(channel.get(), &report, sizeof report, &fd, 1);
    if (got < 0)
        throw SysError(errno, "hear from the VPS's first process");
    if (got == 0)
        return std::nullopt;
    if (report.error != 0)
        throw SysError(report.error, name_of_setup_step(report.step));
    return fd < 0 ? std::nullopt : std::optional(Fd(fd));
}

void send_go(FdRef channel, const Fd& launcher) {
    const auto signal = SetupSignal::Go;
    const int fd = launcher.get();
    if (const int error = send_fds(channel.get(), &signal, sizeof signal, &fd, 1))
        throw SysError(error, "wake the VPS's first process");
}

void send_mount(FdRef channel, const void* data, std::size_t size, FdRef mount) {
    const int fd = mount.get();
    if (const int error = send_fds(channel.get(), data, size, &fd, 1))
        throw SysError(error, "hand over the root to the VPS's first process");
}

// What the first process waits for.
void hand_over_root(FdRef channel, const VpsState& state, const std::optional<UserIds>& ids,
                    const std::vector<Device>& devices, const std::vector<LxcfsFile>& views,
                    const std::function<void(FdRef)>& add_to_dev, pid_t pid, const Log& log) {
    if (ids)
        map_ids(pid, *ids);
    const RootMounts root = make_root(state.mount_point, ids, pid);
    const SetupRoot message{SetupSignal::Root, root.below.size(), views.size()};
    send_mount(channel, &message, sizeof message, root.top.fd());
    for (const RootMounts::Below& below : root.below)
        send_mount(channel, below.path.c_str(), below.path.size() + 1, below.mount.fd());
    for (const LxcfsFile& view : views)
        send_mount(channel, view.path.c_str(), view.path.size() + 1, view.mount);
    // It has something to do meanwhile.
    const Fd dev = make_dev(ids, devices);
    add_to_dev(dev);
    send_mount(channel, kDev, sizeof kDev, dev);
    if (!root.plain.empty())
        log.say(Level::Info,
                fmt::format("user ids cannot be mapped in {}: what is there is nobody's in the VPS",
                            fmt::join(root.plain, ", ")));
    if (!root.deleted.empty())
        log.say(Level::Warning,
                fmt::format("what is mounted on {} has been deleted on the host: the "
                            "VPS does not see it",
                            fmt::join(root.deleted, ", ")));
}

// Says why the VPS's first process ended early, if it said so; else rethrows what is being handled.
[[noreturn]] void throw_root_cause(FdRef channel) {
    pollfd waiting{channel.get(), POLLIN, 0};
    if (poll(&waiting, 1, 0) > 0)
        (void)receive_report(channel);
    throw;
}

void forget_console() {
    (void)sd_notify(0, fmt::format("FDSTOREREMOVE=1\nFDNAME={}", kConsoleName).c_str());
}

// Tells systemd something, and has it keep the console: else an adopted VPS has a silent one.
// Returns what sd_notify(3) does.
int notify_with_console(const std::string& message, const Fd& console) {
    const int fd = console.get();
    // FDPOLL=0: systemd would drop a terminal that nobody has open for the moment.
    return sd_pid_notify_with_fds(
        0, 0, fmt::format("{}\nFDSTORE=1\nFDNAME={}\nFDPOLL=0", message, kConsoleName).c_str(), &fd,
        1);
}

// The console of the VPS that runs already; to be called at any start, so that none stays open.
std::optional<Fd> take_stored_console() {
    if (!getenv("LISTEN_FDS"))
        return std::nullopt;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    std::optional<Fd> console;
    for (int i = 0; i < count; ++i) {
        Fd fd(SD_LISTEN_FDS_START + i);
        if (std::string_view(names[i]) == kConsoleName)
            console = std::move(fd);
        std::free(names[i]);
    }
    std::free(static_cast<void*>(names));
    return console;
}

LineRelay relay_console(Fd console, Veid veid, const Log& log) {
    return relay_to_log(std::move(console), log, veid.to_string() + ".console", Level::Info);
}

FileOwner owner_on_disk(const std::optional<UserIds>& ids) {
    return ids && ids->shifted ? FileOwner{ids->first_uid, ids->first_gid} : FileOwner{0, 0};
}

struct RunningVps {
    Child init;
    VpsScope scope;
    Fd console{};  // its master; the first process fails to open its own end if this is closed
    std::vector<LineRelay> relays{};
    std::optional<BootWatch> boot{};  // START_WAIT, where init says when it has booted
};

// The start, step by step. On any error the VPS is killed and what is mounted stays for vps-umount.
// The first process is made as soon as is known what it has to know: the rest is found out while it
// works.
RunningVps start_vps(const Invocation& invocation, const VpsLock& lock, VpsState state) {
    const Veid veid = invocation.veid;
    const Log& log = invocation.log;
    const VpsConfig config = load_usable_config(invocation.veid);
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
    } catch (const Error&) {
        kill_descendants();  // init, and N.start, which init's end waits for
        state.init_pid = 0;
        lock.enter(state, Phase::Starting);
        throw_root_cause(ours);
    }
    return vps;
}

// For the next boot. The VPS must run all the same.
void note_run(const Invocation& invocation, const std::function<void()>& note) {
    try {
        note();
    } catch (const Error& error) {
        invocation.log.say(
            Level::Warning,
            fmt::format("{}; without ONBOOT it will not start at the next boot", error.what()));
    }
}

std::string ready_message(pid_t init) {
    return fmt::format("READY=1\nSTATUS=Running, init is process {}", init);
}

void require_told(int told) {
    if (told < 0)  // under systemd, which then has us adopt it
        throw SysError(-told, "tell systemd that the VPS runs");
}

ExitCode report_end(const Invocation& invocation, const ExitStatus& status) {
    const Log& log = invocation.log;
    const auto tell = [&](Level level, const std::string& text, std::string_view id) {
        log.say(level, text, {{"MESSAGE_ID", std::string(id)}});
        tell_status(static_cast<char>(std::toupper(text[0])) + text.substr(1));
    };
    const std::optional<VpsState> state = read_state(invocation.veid);
    const bool stopping = state && state->phase == Phase::Stopping;
    switch (classify_end(status)) {
        case InitEnd::PoweredOff:
            tell(Level::Info, stopping ? "powered off" : "halted from inside",
                 message_id::kVpsStopped);
            return ExitCode::Ok;
        case InitEnd::Rebooted:
            if (stopping)
                return ExitCode::Ok;  // it was asked to go, and goes
            if (note_reboot(invocation.veid) == RebootRate::Storm) {
                tell(Level::Error,
                     fmt::format("rebooted {} times within {} seconds; it is not started again",
                                 kRebootBurst, kRebootInterval),
                     message_id::kVpsRebooted);
                return ExitCode::System;
            }
            tell(Level::Info, "rebooted from inside", message_id::kVpsRebooted);
            return ExitCode::Reboot;
        case InitEnd::Crashed:
            break;
    }
    if (stopping)
        return ExitCode::Ok;  // vps-stop killed it, and said so
    tell(Level::Error, "init ended unexpectedly: " + status.to_string(), message_id::kInitCrashed);
    return ExitCode::System;
}

ExitCode let_run(const Log& log) {
    log.say(Level::Notice, "the supervisor was told to go; the VPS keeps running");
    return ExitCode::Ok;
}

// To the VPS's end. What it prints is read from now on, and nothing is done any more that root
// without a capability could not do.
SupervisionEnd supervise_unprivileged(
    FdRef init, std::vector<LineRelay> relays, const std::function<void()>& on_child = [] {},
    const std::optional<Watched>& other = std::nullopt) {
    // It shares the memory limit of the VPS, whose own processes are to be killed at it.
    set_oom_score("-900");
    give_up_capabilities();
    (void)malloc_trim(0);  // what the start has used: a host has hundreds of us
    return supervise(init, std::move(relays), on_child, other);
}

// A VPS that runs already: its stop was refused, or its supervisor has died. It is not our child.
ExitCode adopt_vps(const Invocation& invocation, const VpsState& state, const Fd& init,
                   std::optional<Fd> console, VpsLock lock) {
    const Log& log = invocation.log;
    if (!log.to_journal())
        throw Error(ExitCode::Running, "is running");
    std::vector<LineRelay> relays;
    if (console)
        relays.push_back(relay_console(std::move(*console), invocation.veid, log));
    VpsState running = state;
    lock.enter(running, Phase::Running);
    note_run(invocation, [&] { note_running(invocation.veid); });
    { const VpsLock released = std::move(lock); }
    log.say(Level::Notice, fmt::format("runs already, init is process {}", state.init_pid));
    const std::string refusal =
        state.stop_refused.empty() ? "" : "; the last stop: " + state.stop_refused;
    require_told(sd_notify(0, (ready_message(state.init_pid) + refusal).c_str()));
    const std::optional<AdoptedInit> traced = AdoptedInit::seize(state.init_pid);
    std::optional<ExitStatus> status;
    const auto pass_on_signals = [&] {
        if (traced && !status)
            status = traced->pass_on_signals();
    };
    if (supervise_unprivileged(init, std::move(relays), pass_on_signals) ==
        SupervisionEnd::ToldToGo)
        return let_run(log);
    pass_on_signals();
    if (!status)
        log.say(Level::Notice, "has ended, halted or rebooted; it is taken for halted");
    return report_end(invocation, status.value_or(ExitStatus{}));
}

ExitCode run_vps(const Invocation& invocation) {
    const Log& log = invocation.log;
    VpsLock lock(invocation.veid);
    const std::optional<VpsState> state = lock.read_state();
    std::optional<Fd> console = take_stored_console();
    if (const std::optional<Fd> init = state ? find_init(*state) : std::nullopt)
        return adopt_vps(invocation, *state, *init, std::move(console), std::move(lock));
    if (!state || state->phase != Phase::Mounted)
        throw Error(ExitCode::NotMounted,
                    fmt::format("is not mounted; start it with systemctl start {}",
                                service_unit(invocation.veid)));
    if (console) {  // of a run that has ended in a reboot
        forget_console();
        console.reset();
    }
    RunningVps vps = start_vps(invocation, lock, *state);
    bool newly_noted = false;
    note_run(invocation, [&] { newly_noted = note_running(invocation.veid); });
    { const VpsLock released = std::move(lock); }
    const pid_t init = vps.init.pid();
    std::optional<Watched> boot;
    if (vps.boot) {
        (void)notify_with_console("STATUS=Starting: waiting for init to say that it has booted",
                                  vps.console);
        boot = Watched{vps.boot->fd(), [&] {
                           if (!vps.boot->has_booted())
                               return;
                           log.say(Level::Info, "init says that it has booted");
                           require_told(sd_notify(0, ready_message(init).c_str()));
                       }};
    } else {
        require_told(notify_with_console(ready_message(init), vps.console));
    }
    // What nobody needs to wait for. The keeper's end takes CPU time from PID 1, too.
    dismiss_keeper(std::move(vps.scope));
    log.say(Level::Info, fmt::format("started, init is process {}", init),
            {{"MESSAGE_ID", std::string(message_id::kVpsStarted)}});
    vps.relays.push_back(relay_console(std::move(vps.console), invocation.veid, log));
    if (newly_noted)
        note_run(invocation, [] { sync_running(); });
    if (supervise_unprivileged(
            vps.init.pidfd(), std::move(vps.relays), [] {}, boot) == SupervisionEnd::ToldToGo)
        return let_run(log);
    return report_end(invocation, vps.init.wait().value_or(ExitStatus{}));
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-run",
         .summary =
             "Starts a mounted VPS and supervises it. Called by vps@.service; use systemctl."},
        vps::run_vps);
}

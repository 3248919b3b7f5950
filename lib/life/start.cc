#include "life/start.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <tuple>
#include <utility>

#include "context/accounts_beyond.hh"
#include "context/become_init.hh"
#include "context/first_process.hh"
#include "context/launch.hh"
#include "context/lxcfs.hh"
#include "context/named_hierarchy.hh"
#include "context/old_programs.hh"
#include "context/vps_root.hh"
#include "context/vps_scope.hh"
#include "files/resolver.hh"
#include "files/write.hh"
#include "life/hand_over.hh"
#include "life/held_open.hh"
#include "life/left_over.hh"
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
#include "sys/within.hh"
#include "systemd/freezer.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

void require_init(FdRef root, const VpsState& state) {
    if (const auto why = explain_no_init(root, state.ve_root))
        throw Error(ExitCode::NoInit, *why);
}

// The VPS's group in the cgroup v1 hierarchy (named_hierarchy.hh): is it there, and does init find
// it mounted?
enum class NamedGroup { None, ToBeMounted, Mounted };

NamedGroup find_named_group(const VpsConfig& config, FdRef root) {
    if (config.cgroup_layout != CgroupLayout::Auto)
        return config.cgroup_layout == CgroupLayout::V1 ? NamedGroup::Mounted : NamedGroup::None;
    if (is_init_old_systemd(root))
        return NamedGroup::Mounted;
    // What a script starts is not known.
    return is_init_script(root) ? NamedGroup::ToBeMounted : NamedGroup::None;
}

ContextSetup plan_context(const VpsState& state, const VpsConfig& config, FdRef channel) {
    ContextSetup setup;
    setup.mount_point = state.mount_point;
    setup.filtered = {config.userns, state.io_uring, state.old_32_bit, state.socket_families};
    setup.hostname = config.hostname.value_or("localhost");
    constexpr unsigned kLastGroup = 2147483647;  // that ping_group_range takes
    setup.groups = fmt::format("0 {}", config.userns ? config.userns_ids - 1 : kLastGroup);
    // The environment that the kernel gives an init, and the kind of container under the name that
    // inits look for (systemd's CONTAINER_INTERFACE; OpenRC and upstart know this name, too). The
    // console is no terminal that anybody looks at.
    setup.environment = {"HOME=/", "TERM=dumb", "container=lxc"};
    if (config.start_wait)
        setup.environment.push_back(fmt::format("NOTIFY_SOCKET={}", kBootSocket));
    if (const auto most = most_terminals(config))
        setup.terminal_options += fmt::format(",max={}", most);
    setup.channel = channel.get();
    return setup;
}

// One start: its steps in their order.
class Start {
  public:
    Start(Veid veid, const VpsLock& lock, VpsState state, const Log& log)
        : veid_(veid), lock_(lock), state_(std::move(state)), log_(log) {}

    RunningVps run();

  private:
    void prepare();
    void choose_ids();
    void find_more();
    void make_init();
    void set_up();
    void run_script();
    void execute_init();
    RunningVps run_steps();

    const Veid veid_;
    const VpsLock& lock_;
    VpsState state_;
    const Log& log_;

    VpsConfig config_;
    std::vector<ConfigProblem> problems_;
    std::optional<UserIds> ids_;
    std::vector<Device> devices_;
    Resolver resolver_;
    std::optional<ActionScript> script_;
    std::vector<LxcfsFile> views_;
    Fd launcher_;
    ContextSetup setup_;
    NamedGroup named_group_ = NamedGroup::None;
    Fd channel_, first_end_;  // between the supervisor and the first process
    std::optional<BootSocket> boot_socket_;
    Scope scope_;
    RunningVps vps_;
};

void Start::choose_ids() {
    ids_ = vps::choose_ids(veid_, config_);
    if (!ids_)
        log_.say(Level::Warning, "USERNS=no: root in the VPS is root on the host");
    else if (!ids_->shifted)
        state_.first_id = ids_->first_uid;
    state_.ids = config_.userns_ids;
}

// A process that is born in a frozen slice stands still, and the start would wait for it.
void require_thawed_slice(Veid veid) {
    if (const std::optional<std::string> frozen = find_frozen_slice(veid))
        throw Error(ExitCode::System, "cannot start: it " + describe_frozen(*frozen));
}

// The steps that need no process of the VPS, while PID 1 makes the scope.
void Start::find_more() {
    tell_ignored(config_, problems_, log_);
    const Fd root = sys::open(state_.mount_point, O_PATH | O_DIRECTORY);
    if (const auto why = explain_vsyscalls(root, {.vsyscall_page = has_vsyscall_page()}))
        log_.say(Level::Warning, *why);
    views_ = open_lxcfs(log_);
    launcher_ = make_launcher();
    prepare_launch(setup_);
}

void Start::prepare() {
    config_ = load_usable_config(veid_);
    choose_ids();
    state_.io_uring = config_.io_uring;
    state_.socket_families = config_.socket_families;
    const Fd root = sys::open(state_.mount_point, O_PATH | O_DIRECTORY);
    state_.old_32_bit = is_init_32_bit(root);
    lock_.enter(state_, Phase::Starting);
    require_init(root, state_);
    if (ids_)
        if (const auto beyond = explain_accounts_beyond(root, ids_->count))
            log_.say(Level::Warning, *beyond);
    script_ = find_script(script::kStart, veid_, script_settings(veid_, config_).dir);
    devices_ = find_devices(config_, problems_);
    resolver_ = find_resolver(config_, problems_);
    std::tie(channel_, first_end_) = sys::socketpair();
    setup_ = plan_context(state_, config_, first_end_);
    named_group_ = find_named_group(config_, root);
    setup_.named_hierarchy = named_group_ == NamedGroup::Mounted;
    setup_.capabilities = find_capabilities(config_);
    require_thawed_slice(veid_);
    scope_ = start_vps_scope(veid_, devices_);
    find_more();
    await_scope(scope_);
    within({"limit the cgroups of the VPS"}, [&] { limit_cgroups(scope_.cgroup, config_); });
}

// The kernel says no more than "No space left on device" where a limit on namespaces is reached.
[[noreturn]] void explain_no_process(const SysError& error) {
    if (error.errnum() != ENOSPC && error.errnum() != EUSERS)
        throw error;
    for (const char* kind : {"user", "pid", "mnt", "uts", "ipc", "net"})
        if (const std::string name = fmt::format("max_{}_namespaces", kind);
            sys::read_line("/proc/sys/user/" + name) == "0")
            throw Error(ExitCode::System,
                        fmt::format("this host allows no namespace of this kind: user.{} is 0 "
                                    "(sysctl user.{}=10000 allows them; look into /etc/sysctl.d)",
                                    name, name));
    throw Error(ExitCode::System,
                fmt::format("{}; a limit on namespaces is reached (sysctl user.max_*_namespaces)",
                            error.what()));
}

// Of the dozen descriptors that the way to init takes, the kernel says "Invalid argument" or "Too
// many open files" where they are too many; of a script's interpreter that is a script, and so on,
// "Too many levels of symbolic links"; and nothing of which file it is that it cannot execute.
[[noreturn]] void explain_no_execution(const SysError& error, const VpsConfig& config) {
    constexpr std::uint64_t kEnough = 16;
    if (error.errnum() == ELOOP)
        throw Error(ExitCode::NoInit,
                    fmt::format("{}: init is a script whose interpreter is a script, and so on, "
                                "perhaps itself; name a program in its first line",
                                error.what()));
    for (const auto& [errnum, meaning] :
         {std::pair{ENOEXEC, "init is empty, cut short, or a program of another kind of machine"},
          {ENOENT,
           "init is there, but not the interpreter or loader that it names (file(1) shows "
           "which)"},
          {EACCES, "the VPS may not execute init, or the interpreter or loader that it names"}})
        if (error.errnum() == errnum)
            throw Error(ExitCode::NoInit, fmt::format("{}: {}", error.what(), meaning));
    if (!config.numfile || std::min(config.numfile->barrier, config.numfile->limit) >= kEnough)
        throw;
    throw Error(ExitCode::System,
                fmt::format("{}; NUMFILE lets a process open {} files, with which no init begins: "
                            "give it {} at least",
                            error.what(), std::min(config.numfile->barrier, config.numfile->limit),
                            kEnough));
}

// Init is born in the scope: to be moved there, it would wait for a grace period of the kernel.
void Start::make_init() {
    try {
        vps_.init = clone_first_process(ids_, scope_.cgroup);
    } catch (const SysError& error) {
        explain_no_process(error);
    }
    if (vps_.init.pid() == 0)
        become_init(setup_);
    first_end_.reset();
    state_.init_pid = vps_.init.pid();
    state_.init_start = find_start_time(vps_.init.pid()).value_or(0);
}

// The steps that the host takes for the VPS, while the first process works on the mounts that it is
// sent.
void Start::set_up() {
    const pid_t pid = vps_.init.pid();
    std::optional<NetworkStart> network;
    if (wants_network(config_))
        network.emplace(veid_, pid);
    const auto add_boot_socket = [&](FdRef dev) {
        if (config_.start_wait)
            boot_socket_.emplace(dev, ids_ ? ids_->first_uid : 0, ids_ ? ids_->first_gid : 0);
    };
    // Before the first process goes on: its cgroup namespace begins where it is.
    if (named_group_ == NamedGroup::Mounted)
        make_named_group(veid_, ids_, pid);
    else if (named_group_ == NamedGroup::ToBeMounted)
        attempt(log_, [&] { make_named_group(veid_, ids_, pid); });
    hand_over_root(channel_, state_, ids_, devices_, views_, add_boot_socket, pid, log_);
    if (ids_)
        delegate_cgroup(scope_.cgroup, *ids_);
    write_name_files(veid_, state_.mount_point, config_, resolver_, owner_on_disk(ids_), log_);
    apply_slice_limits(veid_, config_, log_);
    update_scope_quota(veid_, cpu_quota_here(config_));
    std::optional<Fd> console = receive_report(channel_);
    if (!console)
        throw Error(ExitCode::System, "the VPS's first process ended unexpectedly");
    vps_.console = std::move(*console);
    vps_.held = hold_file_systems(veid_, state_.mount_point, pid, log_);
    apply_init_limits(vps_.init.pidfd(), pid, config_, log_);
    if (!network)
        return;
    if (!config_.netifs.empty()) {
        lock_.write_state(state_);
        network->let_enter();
    }
    const LeftOver left_over(veid_, log_);  // by EXTERNAL_SCRIPT
    network->finish();
}

void Start::run_script() {
    if (!script_)
        return;
    tell_status("Starting: action script " + script_->name);
    vps_.relays = run_vps_script(*script_, script_settings(veid_, config_), vps_.init.pidfd(),
                                 vps_.init.pid(), log_);
}

void Start::execute_init() {
    lock_.enter(state_, Phase::Running);
    send_go(channel_, launcher_);
    try {
        (void)receive_report(channel_);
    } catch (const SysError& error) {
        explain_no_execution(error, config_);
    }
    if (boot_socket_)
        vps_.boot = BootWatch::begin(std::move(*boot_socket_), vps_.init.pid());
}

RunningVps Start::run_steps() {
    // Whatever fails, the VPS is dead and its state is that of a start.
    StateStep started(lock_, state_, Phase::Starting);
    Undo end([&] {
        abandon_scope(std::move(scope_));
        kill_descendants();  // init, and N.start, which init's end waits for
    });
    prepare();
    make_init();
    set_up();
    run_script();
    execute_init();
    end.keep();
    started.commit();
    vps_.init.release();  // from now on the VPS outlives its supervisor
    vps_.scope = std::move(scope_);
    return std::move(vps_);
}

RunningVps Start::run() {
    try {
        return run_steps();
    } catch (const std::exception&) {
        throw_root_cause(channel_);
    }
}

}  // namespace

RunningVps start_vps(Veid veid, const VpsLock& lock, VpsState state, const Log& log) {
    try {
        return Start(veid, lock, std::move(state), log).run();
    } catch (const SysError& error) {  // of the middle: no layer has put its words around it
        throw Error(error.code(), fmt::format("{}; the VPS is not started", error.what()));
    }
}

}  // namespace vps

#include "life/stop_running.hh"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "context/enter.hh"
#include "life/power_off.hh"
#include "life/settings.hh"
#include "life/unreaped.hh"
#include "script/script_environment.hh"
#include "script/vps_script.hh"
#include "state/wish.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/freezer.hh"
#include "systemd/notify.hh"
#include "systemd/system_manager.hh"

namespace vps {

namespace {

constexpr unsigned kKillGrace = 10;  // seconds that a killed init may take to be gone

struct Target {
    Fd init;
    pid_t pid;
};

// Thaws a VPS that is being stopped, as often as administrators may freeze it.
class Thawing {
  public:
    Thawing(Veid veid, pid_t init, const Log& log) : veid_(veid), init_(init), log_(log) {}

    // True where the VPS has been thawed often enough, and is frozen again.
    bool operator()() {
        if (left_ == 0)
            return find_frozen_cgroup(init_).has_value();
        if (const auto frozen = thaw_vps(veid_, init_)) {
            --left_;
            log_.say(Level::Warning,
                     fmt::format("was frozen (cgroup '{}'); thawed to be stopped", *frozen));
        }
        return false;
    }

  private:
    const Veid veid_;
    const pid_t init_;
    const Log& log_;
    int left_ = 3;
};

// An administrator who has frozen all VPSes has them thawed before one is stopped: this one could
// do nothing for its end but be killed.
void require_thawed(pid_t init) {
    if (const std::optional<std::string> frozen = find_frozen_cgroup(init))
        throw Error(ExitCode::CannotStop, describe_frozen(*frozen));
}

// Throws when the VPS is not to be stopped, because N.stop refuses or VPSes are frozen: the state
// then says why, and vps-umount, which systemd runs next, has the unit become active again.
void run_stop_script(const Target& target, Thawing& thawing, const VpsLock& lock, VpsState& state,
                     const ScriptSettings& settings, const Log& log) {
    const AskedScript asked = ask(script::kStop, settings);
    try {
        if (find_frozen_slice(settings.veid))
            require_thawed(target.pid);
        const auto script = find_script(asked.kind, settings.veid, settings.dir);
        if (!script)
            return;
        tell_status("Stopping: action script " + script->name);
        (void)run_vps_script(*script, asked.settings, target.init, target.pid, log,
                             [&] { return thawing(); });
    } catch (const NotEntered& held_up) {
        // The script has not spoken, so that it has refused nothing.
        if (!wait_for_end(target.init, deadline_after(0)))
            log.say(Level::Warning, fmt::format("{}; stopping it all the same", held_up.event()));
    } catch (const Error& refusal) {
        // The VPS has ended meanwhile, and the script with it, as the stop wants.
        if (wait_for_end(target.init, deadline_after(is_ending(target.pid) ? kKillGrace : 0)))
            return;
        if (find_wish(settings.veid).passes_stop) {
            log.say(Level::Warning, fmt::format("{}; passed over, this is forced", refusal.what()));
            return;
        }
        if (is_overruled(refusal, asked, log))
            return;
        if (!log.to_journal() || !host_is_stopping()) {
            state.stop_refused = refusal.what();
            enter_all_the_same(lock, state, state.phase, log);
            throw;
        }
        log.say(Level::Warning, fmt::format("{}, but the host goes down: stopping it all the same",
                                            refusal.what()));
    }
}

void ask_to_power_off(const Target& target, const Deadline& deadline, Veid veid, const Log& log) {
    const auto kind = identify_init(target.pid);
    const PowerOffRow& way = find_power_off(kind);
    log.say(Level::Info, fmt::format("asking init to power off ({})", way.words));
    if (way.ask == Ask::Signal) {
        sys::pidfd_send_signal(target.init, way.signal);
        return;
    }
    std::vector<LineRelay> relays;
    ContextCommand command{{"/sbin/init", "0"}, basic_environment(veid)};
    command.veid = veid;
    const TerminationRequest request;
    attempt(log, [&] {
        (void)run_in_vps(command, veid.to_string() + ".console", target.init, target.pid,
                         {deadline, request.fd()}, log, relays);
    });
}

bool end_in_time(const Target& target, Thawing& thawing, const Deadline& deadline) {
    for (;;) {
        const Deadline look = std::min(deadline, deadline_after(1));
        if (wait_for_end(target.init, look))
            return true;
        if (milliseconds_until(deadline) == 0)
            return false;
        (void)thawing();
    }
}

}  // namespace

void stop_running(Veid veid, const VpsLock& lock, VpsState& state, Fd init, const Log& log,
                  Refusal refusal) {
    const Target target{std::move(init), state.init_pid};
    const VpsConfig config = load_config_of_mounted(veid, state, log);
    Thawing thawing(veid, target.pid, log);
    (void)thawing();
    if (state.phase != Phase::Stopping) {
        if (refusal == Refusal::Respect)
            run_stop_script(target, thawing, lock, state, script_settings(veid, config), log);
        else
            log.say(Level::Warning,
                    fmt::format("{} is passed over, this is forced", script::kStop.name(veid)));
        state.stop_refused.clear();
        enter_all_the_same(lock, state, Phase::Stopping, log);
    }
    tell_status(fmt::format("Stopping: waiting for init to power off, {} seconds at most",
                            config.stop_timeout));
    const Deadline deadline = deadline_after(config.stop_timeout);
    if (config.stop_timeout > 0)  // else it has no time to do anything
        ask_to_power_off(target, deadline, veid, log);
    if (!end_in_time(target, thawing, deadline)) {
        log.say(Level::Warning,
                fmt::format("init has not powered off within STOP_TIMEOUT={} seconds; killing it",
                            config.stop_timeout),
                {{"MESSAGE_ID", std::string(message_id::kInitKilled)}});
        sys::pidfd_send_signal(target.init, SIGKILL);
        if (!wait_for_end(target.init, deadline_after(kKillGrace)))
            throw Error(ExitCode::CannotStop,
                        fmt::format("init (process {}) does not die; {}", target.pid,
                                    describe_unending(target.pid)));
    }
}

}  // namespace vps

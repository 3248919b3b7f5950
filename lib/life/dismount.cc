#include "life/dismount.hh"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <set>

#include "network/network_program.hh"
#include "state/id_range.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

constexpr unsigned kBusyGrace = 5;          // seconds that a busy mount is waited for
constexpr unsigned kKillGrace = 5;          // seconds that killed processes may take to be gone
constexpr std::size_t kNamesLength = 1000;  // of a list of processes; more are killed all the same

// A process by its id and, if its name can be read, by its name: "sleep (pid 4711)".
std::string name_process(pid_t pid) {
    std::string command = "a process";
    try {
        command = sys::read_file("/proc/" + std::to_string(pid) + "/comm");
        command.resize(std::min(command.find('\n'), command.size()));
    } catch (const SysError&) {
        // The process is killed without a name, too.
    }
    return fmt::format("{} (pid {})", command, pid);
}

// Ends and names processes that host scripts left running in the service's cgroup; false if there
// were none. By hand there is no such cgroup: such processes are the caller's.
bool kill_left_over(const Log& log) {
    if (!log.to_journal())
        return false;
    const Deadline deadline = deadline_after(kKillGrace);
    std::string names;
    std::set<pid_t> spared{getpid()};
    const auto find_others = [&] {
        std::vector<pid_t> others = processes_in("/sys/fs/cgroup" + cgroup_of());
        std::erase_if(others, [&](pid_t pid) { return spared.count(pid) != 0; });
        return others;
    };
    // Kills until no process is left: one may have had a child before it was killed.
    for (std::vector<pid_t> others;
         !(others = find_others()).empty() && milliseconds_until(deadline) != 0;) {
        std::vector<Fd> killed;
        for (const pid_t pid : others)
            try {
                Fd process = sys::pidfd_open(pid);
                const std::string name = name_process(pid);
                sys::pidfd_send_signal(process, SIGKILL);
                if (names.size() < kNamesLength)
                    names += (names.empty() ? "" : ", ") + name;
                killed.push_back(std::move(process));
            } catch (const SysError& error) {
                if (error.errnum() == ESRCH)
                    continue;
                spared.insert(pid);
                log.say(Level::Warning,
                        fmt::format("{} is left running: {}", name_process(pid), error.what()));
            }
        // systemd may forget the unit when this program ends, and a cgroup that is not empty by
        // then would stay.
        for (const Fd& process : killed)
            (void)wait_for_end(process, deadline);
    }
    if (!names.empty())
        log.say(Level::Notice, "killed what action scripts had left running: " + names);
    return !names.empty();
}

void dismount(const std::string& root, const Log& log, Refusal refusal) {
    try {
        dismount_tree(root, deadline_after(kBusyGrace));
    } catch (const Error& error) {
        if (refusal == Refusal::Force) {
            log.say(Level::Warning, fmt::format("{}, detaching it", error.what()));
            detach_tree(root);
            return;
        }
        if (!kill_left_over(log))
            throw;
        // perhaps one of the killed processes held the mount
        dismount_tree(root, deadline_after(kBusyGrace));
    }
}

void run_umount_script(const ScriptKind& kind, const ScriptSettings& settings, const Log& log,
                       Refusal refusal) {
    try {
        (void)run_host_script(kind, settings, log);
    } catch (const Error& error) {
        if (refusal == Refusal::Respect)
            throw;
        log.say(Level::Warning, fmt::format("{}, but this is forced", error.what()));
    }
}

}  // namespace

Scripts scripts_owed(const VpsState& state, const VpsConfig& config, bool is_failed_start) {
    const Scripts owed = row_of(state.phase).owed;
    const bool failed_start =
        owed == Scripts::None || (is_failed_start && state.phase == Phase::Mounted);
    if (!failed_start)
        return owed;
    return config.start_failure_umount_scripts ? Scripts::Umount : Scripts::None;
}

void end_vps(const VpsLock& lock, VpsState state, Scripts scripts, const ScriptSettings& settings,
             const Log& log, Refusal refusal) {
    remove_network(settings.veid);
    if (scripts == Scripts::Umount) {
        lock.enter(state, Phase::Umounting);
        run_umount_script(script::kUmount, settings, log, refusal);
        run_umount_script(script::kGlobalUmount, settings, log, refusal);
        lock.enter(state, Phase::Dismounting);
    }
    if (state.phase != Phase::Postumount)
        dismount(state.mount_point, log, refusal);
    std::exception_ptr failure;
    if (scripts != Scripts::None) {
        lock.enter(state, Phase::Postumount);
        // Postumount scripts can refuse nothing: both run, and the first failure is told.
        for (const ScriptKind& kind : {script::kPostumount, script::kGlobalPostumount})
            try {
                (void)run_host_script(kind, settings, log);
            } catch (...) {
                if (!failure)
                    failure = std::current_exception();
            }
    }
    (void)kill_left_over(log);
    if (state.first_id != 0)
        release_ids(state.first_id);
    lock.remove_state(state);
    if (failure)
        std::rethrow_exception(failure);
}

UnfinishedMount::~UnfinishedMount() {
    if (kept_)
        return;
    try {
        end_vps(lock_, state_, owed_, settings_, log_);
    } catch (const std::exception& error) {
        const auto* script = dynamic_cast<const ScriptError*>(&error);
        log_.say(
            Level::Error, error.what(),
            {{"MESSAGE_ID", std::string(script ? message_id::kScriptFailed : message_id::kFailed)},
             {"SCRIPT", script ? script->path() : ""}});
    }
}

}  // namespace vps

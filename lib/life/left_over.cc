#include "life/left_over.hh"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/scope.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr unsigned kMoveGrace = 2;          // seconds that processes may take to stand still
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

void add_name(std::string& names, const std::string& name) {
    if (names.size() < kNamesLength)
        names += (names.empty() ? "" : ", ") + name;
}

// The processes of the unit, but for this one and the supervisor.
std::vector<pid_t> find_in_unit() {
    std::vector<pid_t> others = processes_in("/sys/fs/cgroup" + cgroup_of());
    std::erase(others, getpid());
    const char* supervisor = std::getenv("MAINPID");  // systemd's word (systemd.exec(5))
    if (const auto pid = parse_pid(supervisor ? supervisor : ""))
        std::erase(others, *pid);
    return others;
}

std::string dir_aside(Veid veid) {
    return slice_cgroup(veid) + "/" + scripts_unit(veid);
}

// Asks again while processes are left: one may end, or have a child, before PID 1 has moved it.
void move_aside(const std::string& unit) {
    const Deadline deadline = deadline_after(kMoveGrace);
    for (std::vector<pid_t> left;
         !(left = find_in_unit()).empty() && milliseconds_until(deadline) != 0;)
        try {
            attach_to_scope(unit, left);
        } catch (const Error&) {
            (void)poll(nullptr, 0, 10);
        }
}

void set_aside(Veid veid, const Log& log) {
    if (find_in_unit().empty())
        return;
    const std::string unit = scripts_unit(veid);
    const std::vector<pid_t> before = processes_in(dir_aside(veid));
    std::optional<Scope> scope;
    if (before.empty()) {
        scope = start_scope(
            {veid, unit, fmt::format("VPS {}: what action scripts left running", veid.value())});
        await_scope(*scope);
    }
    move_aside(unit);
    if (scope)
        dismiss_keeper(std::move(*scope));
    // The processes are named as late as here: a process that a script has just started has the
    // script's name.
    std::string names;
    for (const pid_t pid : processes_in(dir_aside(veid)))
        if (std::find(before.begin(), before.end(), pid) == before.end())
            add_name(names, name_process(pid));
    if (!names.empty())
        log.say(Level::Info,
                fmt::format("action scripts have left running, in {}: {}", unit, names));
}

}  // namespace

LeftOver::~LeftOver() {
    if (!log_.to_journal())
        return;
    try {
        set_aside(veid_, log_);
    } catch (const std::exception& error) {
        log_.say(Level::Warning,
                 fmt::format("set aside what action scripts left running: {}, ignoring it",
                             error.what()));
    }
}

bool kill_left_over(Veid veid, const Log& log) {
    const Deadline deadline = deadline_after(kKillGrace);
    std::string names;
    std::set<pid_t> spared;
    const auto find_others = [&] {
        std::vector<pid_t> others = processes_in(dir_aside(veid));
        if (log.to_journal())  // by hand, the cgroup is the caller's
            for (const pid_t pid : find_in_unit())
                others.push_back(pid);
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
                add_name(names, name);
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
    end_scope(veid, scripts_unit(veid));
    if (!names.empty())
        log.say(Level::Notice, "killed what action scripts had left running: " + names);
    return !names.empty();
}

}  // namespace vps

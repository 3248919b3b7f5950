#include "script/script_environment.hh"

#include <algorithm>

namespace vps {

// systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager", and the pages
// named there.
const std::vector<ProtocolVariable> kProtocolVariables{
    {"NOTIFY_SOCKET", "a script that uses sd_notify(3) would speak for the VPS"},
    {"LISTEN_PID", "the descriptors are ours, and are closed in the script"},
    {"LISTEN_PIDFDID", "the same"},
    {"LISTEN_FDS", "the same"},
    {"LISTEN_FDNAMES", "the same"},
    {"WATCHDOG_PID", "who is to report is the main process"},
    {"WATCHDOG_USEC", "the same"},
    {"FDSTORE", "the descriptor store is the unit's, for its console"},
    {"MAINPID", "of our unit: a script that is given to a daemon would signal the supervisor"},
    {"MANAGERPID", "of the manager that has started us, not the script"},
    {"SYSTEMD_EXEC_PID", "our pid"},
    {"PIDFILE", "of our unit"},
    {"INVOCATION_ID", "a program that finds it takes itself for the unit's process"},
    {"JOURNAL_STREAM", "names our stderr; the script has a stream of its own"},
    {"LOG_NAMESPACE", "of our unit"},
    {"CREDENTIALS_DIRECTORY", "secrets of the unit, which end with its processes"},
    {"MEMORY_PRESSURE_WATCH", "of our cgroup, for the program that was started in it"},
    {"MEMORY_PRESSURE_WRITE", "the same"},
    {"SERVICE_RESULT",
     "how our service ended; a program of ours that a script calls for another "
     "VPS would take it for that one's"},
    {"EXIT_CODE", "the same"},
    {"EXIT_STATUS", "the same: 133 would be a reboot"},
    {"MONITOR_SERVICE_RESULT", "of a unit that has triggered ours"},
    {"MONITOR_EXIT_CODE", "the same"},
    {"MONITOR_EXIT_STATUS", "the same"},
    {"MONITOR_INVOCATION_ID", "the same"},
    {"MONITOR_UNIT", "the same"},
    {"TRIGGER_UNIT", "the same"},
    {"TRIGGER_PATH", "the same"},
    {"TRIGGER_TIMER_REALTIME_USEC", "the same"},
    {"TRIGGER_TIMER_MONOTONIC_USEC", "the same"},
    {"REMOTE_ADDR", "of a connection that systemd has accepted"},
    {"REMOTE_PORT", "the same"},
};

std::vector<std::string> basic_environment(Veid veid) {
    return {"HOME=/", "TERM=linux",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "VEID=" + veid.to_string()};
}

namespace {

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

bool is_protocol(std::string_view name) {
    return std::any_of(kProtocolVariables.begin(), kProtocolVariables.end(),
                       [&](const ProtocolVariable& variable) { return name == variable.name; });
}

}  // namespace

std::vector<std::string> host_environment(std::vector<std::string> ours,
                                          const char* const* inherited) {
    const auto set = [&](std::string_view name) {
        return std::any_of(ours.begin(), ours.end(),
                           [&](const std::string& variable) { return name_of(variable) == name; });
    };
    std::vector<std::string> passed;
    for (; *inherited; ++inherited) {
        const std::string_view variable = *inherited;
        const std::string_view name = name_of(variable);
        if (!name.empty() && name != variable && !is_protocol(name) && !set(name))
            passed.emplace_back(variable);
    }
    ours.insert(ours.end(), passed.begin(), passed.end());
    return ours;
}

}  // namespace vps

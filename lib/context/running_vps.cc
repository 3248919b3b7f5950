#include "context/running_vps.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/personality.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

#include "config/config.hh"
#include "ploop/area_kind.hh"
#include "ploop/disk_image.hh"
#include "state/directories.hh"
#include "sys/acting_as.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// The numbers of a process in the pid namespaces that it is in, ours first (proc_pid_status(5)).
std::vector<pid_t> pids_of(pid_t pid) {
    constexpr std::string_view kField = "\nNSpid:";
    std::vector<pid_t> pids;
    try {
        const std::string status = sys::read_file(fmt::format("/proc/{}/status", pid));
        if (const std::size_t at = status.find(kField); at != std::string::npos) {
            std::istringstream numbers(status.substr(at + kField.size()));
            for (pid_t number = 0; numbers >> number;)
                pids.push_back(number);
        }
    } catch (const SysError&) {
        // It has ended.
    }
    return pids;
}

// The first process of a pid namespace right below ours. A VPS can make namespaces below its own
// only.
bool is_init_of_vps(pid_t pid) {
    const std::vector<pid_t> pids = pids_of(pid);
    return pids.size() == 2 && pids.back() == 1;
}

std::optional<pid_t> find_init_below(const std::string& cgroup) {
    for (const pid_t pid : processes_in(cgroup))
        if (is_init_of_vps(pid))
            return pid;
    std::error_code none;  // a cgroup that goes has no init in it
    for (const auto& entry : std::filesystem::directory_iterator(cgroup, none))
        if (entry.is_directory(none))
            if (const std::optional<pid_t> init = find_init_below(entry.path().string()))
                return init;
    return std::nullopt;
}

std::string scope_of(Veid veid) {
    return "/" + slice_unit(veid) + "/" + scope_unit(veid) + "/";
}

bool is_in_scope(Veid veid, pid_t pid) {
    try {
        return (cgroup_of(std::to_string(pid)) + "/").find(scope_of(veid)) != std::string::npos;
    } catch (const SysError&) {
        return false;
    }
}

// A start gives a 32-bit init this personality (syscall_filter.hh).
bool is_of_32_bit(pid_t init) {
    constexpr unsigned long kKind = 0xff;  // PER_MASK
    try {
        const std::string text = sys::read_line(fmt::format("/proc/{}/personality", init));
        return (std::strtoul(text.c_str(), nullptr, 16) & kKind) == PER_LINUX32;
    } catch (const SysError&) {
        return false;  // it has ended, or only root can read it
    }
}

// The image of its disk; empty for a VPS of files.
std::string find_image(const VpsConfig& config, const std::string& area) {
    try {
        const Fd directory = sys::open(area, O_PATH | O_DIRECTORY);
        if (find_area_kind(config, find_disk_maker(directory), area) == AreaKind::Disk)
            return find_top_image(area);
    } catch (const Error&) {
        // No area that can be looked at: nothing of a disk is known.
    }
    return {};
}

// The state of a VPS that runs, as its start would have written it with the configuration of now.
VpsState state_of_running(Veid veid, pid_t init) {
    VpsState state;
    VpsConfig config;
    try {
        config = load_vps_config(veid);
    } catch (const Error&) {
        // OpenVZ's usual places do then.
    }
    state.phase = Phase::Running;
    state.ve_root = config.ve_root.value_or("/vz/root/" + veid.to_string());
    state.ve_private = config.ve_private.value_or("/vz/private/" + veid.to_string());
    std::error_code none;
    const auto place = std::filesystem::canonical(state.ve_root, none);
    state.mount_point = none ? state.ve_root : place.string();
    state.image = find_image(config, state.ve_private);
    state.ids = config.userns_ids;
    state.io_uring = config.io_uring;
    state.socket_families = config.socket_families;
    state.old_32_bit = is_of_32_bit(init);
    state.first_id = config.local_uid ? 0 : find_root_id(init);
    state.init_pid = init;
    state.init_start = find_start_time(init).value_or(0);
    return state;
}

// The process that the state names, while it is there.
std::optional<Fd> find_named_init(Veid veid, const VpsState& state) {
    std::optional<Fd> init = find_init(state);
    if (init && is_in_scope(veid, state.init_pid))
        return init;
    return std::nullopt;
}

bool says_running(const std::optional<VpsState>& state) {
    return state && (state->phase == Phase::Running || state->phase == Phase::Stopping);
}

}  // namespace

FoundVps find_vps(Veid veid, const std::string& run_dir) {
    FoundVps found;
    std::exception_ptr unreadable;
    try {
        found.state = read_state(veid, run_dir);
    } catch (const Error&) {
        unreadable = std::current_exception();
    }
    if (found.state && found.state->phase != Phase::Starting)
        if ((found.init = find_named_init(veid, *found.state)))
            return found;
    // A state of another phase is that of a start or a stop which goes on, or was cut off.
    if (!found.state || says_running(found.state))
        if (const auto pid = find_init_below(scope_cgroup(veid))) {
            VpsState again = state_of_running(veid, *pid);
            if (std::optional<Fd> init = find_init(again))
                return {std::move(again), std::move(init), true};
        }
    if (unreadable)
        std::rethrow_exception(unreadable);
    return found;
}

FoundVps find_enterable_vps(Veid veid, const std::string& run_dir) {
    FoundVps found = find_vps(veid, run_dir);
    if (!found.init && found.state && found.state->phase == Phase::Starting)
        found.init = find_named_init(veid, *found.state);
    return found;
}

FoundVps find_vps(Veid veid, const VpsLock& lock, const Log& log) {
    FoundVps found = find_vps(veid);
    if (!found.is_found_again)
        return found;
    log.say(Level::Warning,
            fmt::format("runs, but '{}/{}/state' is lost or not its own; its init, process {}, was "
                        "found in {}",
                        kRunDir, veid.value(), found.state->init_pid, scope_unit(veid)));
    attempt(log, [&] { claim_again(veid, *found.state, [&] { lock.write_state(*found.state); }); });
    return found;
}

}  // namespace vps

#include "limits/live_limits.hh"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "limits/block_device.hh"
#include "limits/cpus_and_nodes.hh"
#include "limits/slice_limits.hh"
#include "limits/unit_limits.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

// True if io.max has these limits for one of the disks: "rbps=1048576 wbps=max riops=100
// wiops=max".
bool is_in_force(const std::string& io_max, const std::vector<std::string>& disks, const char* what,
                 std::uint64_t number) {
    const std::string wanted = fmt::format("{}={}", what, number);
    std::istringstream lines(io_max);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        words >> word;
        if (std::find(disks.begin(), disks.end(), word) == disks.end())
            continue;
        while (words >> word)
            if (word == wanted)
                return true;
    }
    return false;
}

std::string read_io_max(Veid veid) {
    const std::string path = slice_cgroup(veid) + "/io.max";
    return access(path.c_str(), F_OK) == 0 ? sys::read_file(path) : std::string();
}

bool all_in_force(Veid veid, const std::vector<SliceLimit>& limits,
                  const std::vector<std::string>& disks) {
    const std::string io_max = read_io_max(veid);
    return std::all_of(limits.begin(), limits.end(), [&](const SliceLimit& limit) {
        return is_in_force(io_max, disks, limit.setting->in_kernel, limit.number);
    });
}

// systemd writes the cgroup's files after it has answered.
bool come_into_force(Veid veid, const std::vector<SliceLimit>& limits,
                     const std::vector<std::string>& disks) {
    const Deadline deadline = deadline_after(5);
    while (!all_in_force(veid, limits, disks)) {
        if (milliseconds_until(deadline) == 0)
            return false;
        (void)poll(nullptr, 0, 10);
    }
    return true;
}

// systemd looks the device of VE_PRIVATE up when it makes the cgroup, and so misses a file system
// that a premount script has mounted since: systemd is told the disk.
void enforce_io_limits(Veid veid, const VpsConfig& config, std::vector<SliceLimit> limits,
                       const Log& log) {
    if (limits.empty())
        return;
    const std::string path = limits.front().text;
    const auto disks = find_disks(path);
    if (disks.empty() || !host_has_controller("io")) {
        const std::string why =
            disks.empty() ? explain_no_disk(path) : "this host has no cgroup controller \"io\"";
        for (const std::string_view key : io_limits_of(config))
            log.say(Level::Warning,
                    fmt::format("{}: {}: {}, ignoring it", config.places.at(key), key, why));
        return;
    }
    if (all_in_force(veid, limits, disks))
        return;
    for (SliceLimit& limit : limits)
        limit.text = "/dev/block/" + disks.front();
    set_slice_limits(veid, limits);
    if (!come_into_force(veid, limits, disks))
        throw Error(ExitCode::System,
                    fmt::format("IOLIMIT, IOPSLIMIT: the limits do not come into force on disk {} "
                                "of '{}'; see journalctl _PID=1",
                                disks.front(), path));
}

}  // namespace

void apply_slice_limits(Veid veid, const VpsConfig& config, const Log& log) {
    require_cpus_and_nodes(config);
    LimitHost host;
    std::vector<std::string> errors;
    read_limit_host(host, config, "", errors);
    if (!errors.empty())
        throw Error(ExitCode::System, errors.front());
    const std::vector<SliceLimit> ours = update_slice_limits(veid, slice_limits(config, host));
    cover_guarantee(veid, guaranteed_memory(ours));
    std::vector<SliceLimit> per_device;
    for (const SliceLimit& limit : ours)
        if (limit.setting->kind == LimitKind::PerDevice)
            per_device.push_back(limit);
    enforce_io_limits(veid, config, std::move(per_device), log);
}

}  // namespace vps

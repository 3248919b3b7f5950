#include "live_limits.hh"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "block_device.hh"
#include "cgroup.hh"
#include "error.hh"
#include "process.hh"
#include "slice_limits.hh"
#include "sys.hh"
#include "unit_limits.hh"

namespace vps {

namespace {

void require_present(const char* key, const std::optional<CpuMask>& mask, const char* what,
                     const std::string& dir) {
    if (!mask || mask->kind != CpuMask::Kind::List)
        return;
    const auto online = numbers_of(sys::read_line(dir + "/online"));
    for (const unsigned number : numbers_of(mask->list))
        if (std::find(online.begin(), online.end(), number) == online.end())
            throw Error(ExitCode::BadValue,
                        fmt::format("{}: {}: bad value '{}': this host has no {} {}", mask->place,
                                    key, mask->list, what, number));
}

// The limits that io.max has for one of the disks: "rbps=1048576 wbps=max riops=100 wiops=max".
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

bool has_io_controller() {
    const std::string controllers = " " + sys::read_file("/sys/fs/cgroup/cgroup.controllers");
    return controllers.find(" io") != std::string::npos;
}

std::string read_io_max(Veid veid) {
    const std::string path = slice_cgroup(veid) + "/io.max";
    return access(path.c_str(), F_OK) == 0 ? sys::read_file(path) : std::string();
}

bool all_in_force(Veid veid, const std::vector<SliceLimit>& limits,
                  const std::vector<std::string>& disks) {
    const std::string io_max = read_io_max(veid);
    return std::all_of(limits.begin(), limits.end(), [&](const SliceLimit& limit) {
        return is_in_force(io_max, disks, limit.setting->in_io_max, limit.number);
    });
}

// systemd does the cgroup's part after it has answered.
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

// systemd looks the device of VE_PRIVATE up when it makes the cgroup. What a premount script has
// mounted since, it did not find: it is told the disk.
void enforce_io_limits(Veid veid, std::vector<SliceLimit> limits, const Log& log) {
    if (limits.empty())
        return;
    const std::string path = limits.front().text;
    const auto disks = find_disks(path);
    if (disks.empty() || !has_io_controller()) {
        log.say(Level::Warning,
                fmt::format("IOLIMIT, IOPSLIMIT: {}, ignoring them",
                            disks.empty()
                                ? fmt::format("'{}' lies on a file system without a disk", path)
                                : "this host has no cgroup controller \"io\""));
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

void require_cpus_and_nodes(const VpsConfig& config) {
    require_present("CPUMASK", config.cpumask, "CPU", "/sys/devices/system/cpu");
    require_present("NODEMASK", config.nodemask, "node", "/sys/devices/system/node");
}

void apply_slice_limits(Veid veid, const VpsConfig& config, const Log& log) {
    LimitHost host{static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), {}};
    std::vector<std::string> errors;
    read_auto_nodes(host, config, "", errors);
    if (!errors.empty())
        throw Error(ExitCode::System, errors.front());
    std::vector<SliceLimit> per_device;
    for (const SliceLimit& limit : update_slice_limits(veid, slice_limits(config, host)))
        if (limit.setting->kind == LimitKind::PerDevice)
            per_device.push_back(limit);
    enforce_io_limits(veid, std::move(per_device), log);
}

}  // namespace vps

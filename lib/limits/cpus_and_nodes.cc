#include "limits/cpus_and_nodes.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "limits/slice_limits.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// The list of online CPUs or nodes; "0" of a kernel that has no nodes.
std::string read_online(const std::string& path) {
    try {
        return sys::read_line(path);
    } catch (const SysError& error) {
        if (error.errnum() != ENOENT)
            throw;
        return "0";
    }
}

}  // namespace

std::vector<AbsentFromHost> find_absent_cpus_and_nodes(const VpsConfig& config,
                                                       const std::string& root) {
    std::vector<AbsentFromHost> absent;
    const auto check = [&](std::string_view key, const std::optional<CpuMask>& mask,
                           const char* what, const char* path) {
        if (!mask || mask->kind != CpuMask::Kind::List)
            return;
        const std::string online = read_online(root + path);
        const auto there = numbers_of(online);
        for (const unsigned number : numbers_of(mask->list))
            if (std::find(there.begin(), there.end(), number) == there.end())
                return absent.push_back(
                    {key, fmt::format("{}: bad value '{}': this host has no {} {}, but {}", key,
                                      mask->list, what, number, online)});
    };
    check("CPUMASK", config.cpumask, "CPU", "/sys/devices/system/cpu/online");
    check("NODEMASK", config.nodemask, "node", "/sys/devices/system/node/online");
    return absent;
}

void require_cpus_and_nodes(const VpsConfig& config) {
    for (const AbsentFromHost& one : find_absent_cpus_and_nodes(config))
        throw Error(ExitCode::BadValue, fmt::format("{}: {}", config.places.at(one.key), one.text));
}

}  // namespace vps

// OpenVZ's resource parameters as settings of a VPS's slice, as plain data: the generator writes
// them into units, a start or reload compares them with what PID 1 has. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"
#include "sys/literal.hh"

namespace vps {

enum class LimitKind {
    Amount,     // a number
    Quota,      // percent of one CPU
    Set,        // CPUs or nodes, a list such as "0,2-3"
    PerDevice,  // a number, of the device that holds VE_PRIVATE
};

// A setting of the slice, its property of org.freedesktop.systemd1.Slice, the value of an Amount or
// Quota that says "none", and its name in the cgroup: a file, or a PerDevice's name in io.max.
struct LimitSetting {
    Literal name;
    const char* property;
    LimitKind kind;
    std::uint64_t none;
    const char* in_kernel;
};

// All settings that a configuration can make, in the order in which units have them.
inline constexpr std::array kLimitSettings{
    LimitSetting{"MemoryHigh", "MemoryHigh", LimitKind::Amount, UINT64_MAX, "memory.high"},
    LimitSetting{"MemoryMax", "MemoryMax", LimitKind::Amount, UINT64_MAX, "memory.max"},
    LimitSetting{"MemorySwapMax", "MemorySwapMax", LimitKind::Amount, UINT64_MAX,
                 "memory.swap.max"},
    LimitSetting{"MemoryLow", "MemoryLow", LimitKind::Amount, 0, "memory.low"},
    LimitSetting{"MemoryMin", "MemoryMin", LimitKind::Amount, 0, "memory.min"},
    LimitSetting{"TasksMax", "TasksMax", LimitKind::Amount, UINT64_MAX, "pids.max"},
    LimitSetting{"CPUWeight", "CPUWeight", LimitKind::Amount, UINT64_MAX, "cpu.weight"},
    LimitSetting{"CPUQuota", "CPUQuotaPerSecUSec", LimitKind::Quota, UINT64_MAX, "cpu.max"},
    LimitSetting{"AllowedCPUs", "AllowedCPUs", LimitKind::Set, 0, "cpuset.cpus"},
    LimitSetting{"AllowedMemoryNodes", "AllowedMemoryNodes", LimitKind::Set, 0, "cpuset.mems"},
    LimitSetting{"IOWeight", "IOWeight", LimitKind::Amount, UINT64_MAX, "io.weight"},
    LimitSetting{"IOReadBandwidthMax", "IOReadBandwidthMax", LimitKind::PerDevice, 0, "rbps"},
    LimitSetting{"IOWriteBandwidthMax", "IOWriteBandwidthMax", LimitKind::PerDevice, 0, "wbps"},
    LimitSetting{"IOReadIOPSMax", "IOReadIOPSMax", LimitKind::PerDevice, 0, "riops"},
    LimitSetting{"IOWriteIOPSMax", "IOWriteIOPSMax", LimitKind::PerDevice, 0, "wiops"},
};

// The row of a setting by its name, "MemoryMax"; a name without a row does not compile.
consteval const LimitSetting& setting_of(std::string_view name) {
    for (const LimitSetting& row : kLimitSettings)
        if (row.name.text() == name)
            return row;
    throw "no such setting";
}

struct SliceLimit {
    const LimitSetting* setting;
    std::uint64_t number;  // Amount, Quota, PerDevice
    std::string text;      // Set: the list; PerDevice: a path on the device
};

// The facts of the host that limits depend on.
struct LimitHost {
    std::map<unsigned, std::string> node_cpus;  // "0-3,8", for nodes that a CPUMASK=auto asks for
    unsigned cpus = 0;                          // how many, where a CPULIMIT=…% asks for it
};

// The limits that the configuration asks for, in the table's order.
std::vector<SliceLimit> slice_limits(const VpsConfig& config, const LimitHost& host);

// The MemoryLow= of these limits, in bytes; 0 for none. The same of those that the configuration
// asks for, for whoever needs no other limit.
std::uint64_t guaranteed_memory(const std::vector<SliceLimit>& limits);
std::uint64_t guaranteed_memory(const VpsConfig& config);

// CPUQuota= in percent, 0 for none. The scope has it, too, because lxcfs looks for it in the cgroup
// of the processes, and not above.
std::uint64_t cpu_quota(const VpsConfig& config, const LimitHost& host);

// The same on the host that this runs on.
std::uint64_t cpu_quota_here(const VpsConfig& config);

// OpenVZ's kernels took anything from INT_MAX on for no limit, and its tools write such numbers.
bool is_limit(std::uint64_t amount);

// The keys of IOLIMIT and IOPSLIMIT that set a limit.
std::vector<std::string_view> io_limits_of(const VpsConfig& config);

// The nodes whose CPUs a CPUMASK=auto stands for; none without CPUMASK=auto.
std::vector<unsigned> auto_nodes(const VpsConfig& config);

// Finds out what the limits of this configuration depend on, as far as it is not known yet: the
// CPUs of auto_nodes() from sys below `root`, how many CPUs the host has. What cannot be read is
// added to `errors`.
void read_limit_host(LimitHost& host, const VpsConfig& config, const std::string& root,
                     std::vector<std::string>& errors);

// The numbers of a list such as "0,2-3", which has been checked.
std::vector<unsigned> numbers_of(const std::string& list);

}  // namespace vps

#include "limits/slice_limits.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "config/config_text.hh"
#include "config/config_value.hh"
#include "sys/error.hh"

namespace vps {

namespace {

class Limits {
  public:
    Limits() { limits_.reserve(8); }
    void set(const LimitSetting& setting, std::uint64_t number, std::string text = {}) {
        limits_.push_back({&setting, number, std::move(text)});
    }
    std::vector<SliceLimit> sorted() && {
        std::sort(limits_.begin(), limits_.end(),
                  [](const auto& a, const auto& b) { return a.setting < b.setting; });
        return std::move(limits_);
    }

  private:
    std::vector<SliceLimit> limits_;
};

// What VMGUARPAGES guarantees, in bytes.
std::optional<std::uint64_t> memory_low(const VpsConfig& config) {
    const auto& pages = config.vmguarpages;
    if (!pages || !is_limit(pages->barrier))
        return std::nullopt;
    return pages->barrier * kPage;
}

void set_memory(Limits& limits, const VpsConfig& config) {
    const auto set_pages = [&](const LimitSetting& setting, std::uint64_t pages) {
        if (is_limit(pages))
            limits.set(setting, pages * kPage);
    };
    const bool physpages = config.physpages && is_limit(config.physpages->limit);
    if (config.legacy_ubc_limits && config.privvmpages) {
        // systemd takes a MemoryHigh= of 0 for none.
        if (config.privvmpages->barrier > 0)
            set_pages(setting_of("MemoryHigh"), config.privvmpages->barrier);
        if (!physpages)
            set_pages(setting_of("MemoryMax"), config.privvmpages->limit);
    }
    if (physpages)
        set_pages(setting_of("MemoryMax"), config.physpages->limit);
    if (config.swappages)
        set_pages(setting_of("MemorySwapMax"), config.swappages->limit);
    if (const auto bytes = memory_low(config))
        limits.set(setting_of("MemoryLow"), *bytes);
    if (config.oomguarpages)
        set_pages(setting_of("MemoryMin"), config.oomguarpages->barrier);
}

void set_cpu(Limits& limits, const VpsConfig& config, const LimitHost& host) {
    constexpr std::uint64_t kMaxUnits = 500000;  // the weight 1 of CPUUWEIGHT
    auto units = config.cpuunits;
    if (!units && config.cpuuweight)
        units = kMaxUnits / *config.cpuuweight;
    if (units)
        limits.set(setting_of("CPUWeight"), std::clamp<std::uint64_t>(*units / 10, 1, 10000));

    if (const auto quota = cpu_quota(config, host))
        limits.set(setting_of("CPUQuota"), quota);
}

// The CPUs of the nodes of NODEMASK; empty if it names none.
std::string cpus_of_nodes(const VpsConfig& config, const LimitHost& host) {
    std::string cpus;
    for (const auto node : auto_nodes(config)) {
        const auto found = host.node_cpus.find(node);
        if (found == host.node_cpus.end() || found->second.empty())
            continue;
        if (!cpus.empty())
            cpus += ',';
        cpus += found->second;
    }
    return cpus;
}

void set_masks(Limits& limits, const VpsConfig& config, const LimitHost& host) {
    if (config.cpumask && config.cpumask->kind == CpuMask::Kind::List)
        limits.set(setting_of("AllowedCPUs"), 0, config.cpumask->list);
    else if (auto cpus = cpus_of_nodes(config, host); !cpus.empty())
        limits.set(setting_of("AllowedCPUs"), 0, std::move(cpus));
    if (config.nodemask && config.nodemask->kind == CpuMask::Kind::List)
        limits.set(setting_of("AllowedMemoryNodes"), 0, config.nodemask->list);
}

void set_io(Limits& limits, const VpsConfig& config) {
    // The shares that CFQ gave its priorities: 20 each, and 100 to the default, 4.
    if (config.ioprio)
        limits.set(setting_of("IOWeight"), 20ull * (*config.ioprio + 1));
    if (!config.ve_private)
        return;
    if (const auto bytes = config.iolimit.value_or(0)) {
        limits.set(setting_of("IOReadBandwidthMax"), bytes, *config.ve_private);
        limits.set(setting_of("IOWriteBandwidthMax"), bytes, *config.ve_private);
    }
    if (const auto operations = config.iopslimit.value_or(0)) {
        limits.set(setting_of("IOReadIOPSMax"), operations, *config.ve_private);
        limits.set(setting_of("IOWriteIOPSMax"), operations, *config.ve_private);
    }
}

void read_node(LimitHost& host, const std::string& root, unsigned node,
               std::vector<std::string>& errors) {
    if (host.node_cpus.contains(node))
        return;
    auto& cpus = host.node_cpus[node];  // stays empty for a node that has no CPUs or is absent
    const auto path = "/sys/devices/system/node/node" + std::to_string(node) + "/cpulist";
    try {
        auto text = read_config_text(AT_FDCWD, (root + path).c_str(), path);
        text.resize(text.find_last_not_of('\n') + 1);
        CpuMask mask{};
        if (read_cpu_mask(mask, text).grade == Verdict::Good)
            cpus = std::move(mask.list);
    } catch (const Error& error) {
        errors.emplace_back(error.what());
    }
}

unsigned count_cpus() {
    return static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

bool is_limit(std::uint64_t amount) {
    return amount < INT_MAX;
}

static bool wants_cpus(const VpsConfig& config) {
    return config.cpulimit && config.cpulimit->of_all;
}

std::uint64_t cpu_quota(const VpsConfig& config, const LimitHost& host) {
    const CpuLimit limit = config.cpulimit.value_or(CpuLimit{});
    const std::uint64_t by_limit = std::uint64_t{limit.percent} * (limit.of_all ? host.cpus : 1);
    const std::uint64_t by_cpus = std::uint64_t{config.cpus.value_or(0)} * 100;
    return by_limit && by_cpus ? std::min(by_limit, by_cpus) : by_limit + by_cpus;
}

std::uint64_t cpu_quota_here(const VpsConfig& config) {
    LimitHost host;
    if (wants_cpus(config))
        host.cpus = count_cpus();
    return cpu_quota(config, host);
}

std::uint64_t guaranteed_memory(const std::vector<SliceLimit>& limits) {
    const auto found = std::find_if(limits.begin(), limits.end(), [](const SliceLimit& limit) {
        return limit.setting == &setting_of("MemoryLow");
    });
    return found == limits.end() ? 0 : found->number;
}

std::uint64_t guaranteed_memory(const VpsConfig& config) {
    return memory_low(config).value_or(0);
}

std::vector<std::string_view> io_limits_of(const VpsConfig& config) {
    std::vector<std::string_view> keys;
    if (config.iolimit.value_or(0) != 0)
        keys.emplace_back("IOLIMIT");
    if (config.iopslimit.value_or(0) != 0)
        keys.emplace_back("IOPSLIMIT");
    return keys;
}

std::vector<unsigned> numbers_of(const std::string& list) {
    std::vector<unsigned> numbers;
    const char* at = list.c_str();
    while (*at) {
        char* end = nullptr;
        auto first = strtoul(at, &end, 10);
        const auto last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
        while (first <= last)
            numbers.push_back(static_cast<unsigned>(first++));
        at = *end == ',' ? end + 1 : end;
    }
    return numbers;
}

std::vector<unsigned> auto_nodes(const VpsConfig& config) {
    if (!config.cpumask || config.cpumask->kind != CpuMask::Kind::Auto)
        return {};
    if (!config.nodemask || config.nodemask->kind != CpuMask::Kind::List)
        return {};
    return numbers_of(config.nodemask->list);
}

void read_limit_host(LimitHost& host, const VpsConfig& config, const std::string& root,
                     std::vector<std::string>& errors) {
    if (host.cpus == 0 && wants_cpus(config))
        host.cpus = count_cpus();
    for (const auto node : auto_nodes(config))
        read_node(host, root, node, errors);
}

std::vector<SliceLimit> slice_limits(const VpsConfig& config, const LimitHost& host) {
    Limits limits;
    set_memory(limits, config);
    if (config.numproc && is_limit(config.numproc->limit))
        limits.set(setting_of("TasksMax"), config.numproc->limit);
    set_cpu(limits, config, host);
    set_masks(limits, config, host);
    set_io(limits, config);
    return std::move(limits).sorted();
}

}  // namespace vps

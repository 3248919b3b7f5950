#include "limits.hh"

#include <algorithm>
#include <climits>

namespace vps {

namespace {

// Opens the section with the first setting.
class Slice {
  public:
    explicit Slice(UnitFile& unit) : unit_(unit) {}

    void set(Literal key, std::uint64_t number, Literal suffix = "") {
        open();
        unit_.set(key, number, suffix);
    }
    void set_word(Literal key, std::string_view word) {
        open();
        unit_.set_word(key, word);
    }

  private:
    void open() {
        if (!open_)
            unit_.section("Slice");
        open_ = true;
    }
    UnitFile& unit_;
    bool open_ = false;
};

// OpenVZ's kernels took anything from INT_MAX on for no limit, and its tools write such numbers.
bool is_limit(std::uint64_t amount) {
    return amount < INT_MAX;
}

void set_memory(Slice& slice, const VpsConfig& config, std::uint64_t page_size) {
    const auto set_pages = [&](Literal key, std::uint64_t pages) {
        if (is_limit(pages))
            slice.set(key, pages * page_size);
    };
    const bool physpages = config.physpages && is_limit(config.physpages->limit);
    if (config.legacy_ubc_limits && config.privvmpages) {
        // systemd takes a MemoryHigh= of 0 for none.
        if (config.privvmpages->barrier > 0)
            set_pages("MemoryHigh", config.privvmpages->barrier);
        if (!physpages)
            set_pages("MemoryMax", config.privvmpages->limit);
    }
    if (physpages)
        set_pages("MemoryMax", config.physpages->limit);
    if (config.swappages)
        set_pages("MemorySwapMax", config.swappages->limit);
    if (config.vmguarpages)
        set_pages("MemoryLow", config.vmguarpages->barrier);
    if (config.oomguarpages)
        set_pages("MemoryMin", config.oomguarpages->barrier);
}

void set_cpu(Slice& slice, const VpsConfig& config) {
    constexpr std::uint64_t kMaxUnits = 500000;  // which is the weight 1 of CPUUWEIGHT
    auto units = config.cpuunits;
    if (!units && config.cpuuweight)
        units = kMaxUnits / *config.cpuuweight;
    if (units)
        slice.set("CPUWeight", std::clamp<std::uint64_t>(*units / 10, 1, 10000));

    if (const auto quota = cpu_quota(config))
        slice.set("CPUQuota", quota, "%");
}

// The CPUs of the nodes of NODEMASK; empty if it names none.
std::string cpus_of_nodes(const VpsConfig& config, const ScannedHost& host) {
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

void set_masks(Slice& slice, const VpsConfig& config, const ScannedHost& host) {
    if (config.cpumask && config.cpumask->kind == CpuMask::Kind::List)
        slice.set_word("AllowedCPUs", config.cpumask->list);
    else if (const auto cpus = cpus_of_nodes(config, host); !cpus.empty())
        slice.set_word("AllowedCPUs", cpus);
    if (config.nodemask && config.nodemask->kind == CpuMask::Kind::List)
        slice.set_word("AllowedMemoryNodes", config.nodemask->list);
}

}  // namespace

std::uint64_t cpu_quota(const VpsConfig& config) {
    const std::uint64_t by_limit = config.cpulimit.value_or(0);
    const std::uint64_t by_cpus = std::uint64_t{config.cpus.value_or(0)} * 100;
    return by_limit && by_cpus ? std::min(by_limit, by_cpus) : by_limit + by_cpus;
}

void set_limits(UnitFile& unit, const VpsConfig& config, const ScannedHost& host) {
    Slice slice(unit);
    set_memory(slice, config, host.page_size);
    if (config.numproc && is_limit(config.numproc->limit))
        slice.set("TasksMax", config.numproc->limit);
    set_cpu(slice, config);
    set_masks(slice, config, host);
    // The shares that CFQ gave its priorities: 20 each, and 100 to the default, 4.
    if (config.ioprio)
        slice.set("IOWeight", 20ull * (*config.ioprio + 1));
}

}  // namespace vps

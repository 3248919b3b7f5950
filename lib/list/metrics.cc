#include "list/metrics.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "list/field.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

using Vps = ListedVps;
using Number = std::optional<std::uint64_t>;
using Sample = std::optional<double>;

Sample scaled(const Number& number, double factor) {
    return number && *number < kNoLimit ? Sample(static_cast<double>(*number) * factor)
                                        : std::nullopt;
}

double page_size() {
    static const auto size = static_cast<double>(sysconf(_SC_PAGESIZE));
    return size;
}

const Beancounter& tasks_of(const Vps& vps) {
    return vps.counters[counter_at("numproc")];
}

const Beancounter& memory_of(const Vps& vps) {
    return vps.counters[counter_at("physpages")];
}

const Beancounter& swap_of(const Vps& vps) {
    return vps.counters[counter_at("swappages")];
}

// A limit of the configuration is in force while the VPS runs.
Sample limit_of(const Vps& vps, const Beancounter& counter, double factor) {
    return vps.runs() ? scaled(counter.limit, factor) : std::nullopt;
}

// The use is 0 where nobody counts it, and no limit is in force there.
bool is_counted(const std::optional<DiskUse>& use) {
    return use && use->usage > 0;
}

Sample disk_use_of(const std::optional<DiskUse>& use, double factor) {
    return is_counted(use) ? scaled(use->usage, factor) : std::nullopt;
}

// No limit is 0, too.
Sample disk_limit_of(const std::optional<DiskUse>& use, double factor) {
    return is_counted(use) && use->hard > 0 ? scaled(use->hard, factor) : std::nullopt;
}

constexpr double kMicro = 1e-6, kMilli = 1e-3, kKibi = 1024;
constexpr const char *kGauge = "gauge", *kCounter = "counter";

Sample network_of(const Vps& vps, std::uint64_t NetworkUse::*counter) {
    return vps.network ? Sample(static_cast<double>((*vps.network).*counter)) : std::nullopt;
}

Sample count_of(const Vps& vps, std::uint64_t LifeCounts::*count, double factor = 1) {
    return vps.counts ? scaled((*vps.counts).*count, factor) : std::nullopt;
}

struct Metric {
    const char *name, *type, *help;
    unsigned sources;
    Sample (*sample)(const Vps&);
};

constexpr std::array kMetrics{
    Metric{"vps_uptime_seconds", kGauge, "Time since init of the VPS was executed.", kStatus,
           [](const Vps& vps) { return vps.uptime; }},
    Metric{"vps_start_time_seconds", kGauge,
           "When init of the VPS was executed, in seconds since 1970.", kStatus,
           [](const Vps& vps) { return vps.started; }},
    Metric{"vps_cpu_seconds_total", kCounter, "CPU time of the processes of the VPS.", kActivity,
           [](const Vps& vps) { return scaled(vps.activity.cpu_usec, kMicro); }},
    Metric{"vps_pressure_cpu_waiting_seconds_total", kCounter,
           "Time in which processes of the VPS waited for a CPU.", kActivity,
           [](const Vps& vps) { return scaled(vps.activity.cpu_waited_usec, kMicro); }},
    Metric{"vps_pressure_memory_waiting_seconds_total", kCounter,
           "Time in which processes of the VPS waited for memory.", kActivity,
           [](const Vps& vps) { return scaled(vps.activity.memory_waited_usec, kMicro); }},
    Metric{"vps_pressure_io_waiting_seconds_total", kCounter,
           "Time in which processes of the VPS waited for a disk.", kActivity,
           [](const Vps& vps) { return scaled(vps.activity.io_waited_usec, kMicro); }},
    Metric{"vps_io_read_bytes_total", kCounter, "What processes of the VPS have read from disks.",
           kActivity, [](const Vps& vps) { return scaled(vps.activity.read_bytes, 1); }},
    Metric{"vps_io_written_bytes_total", kCounter,
           "What processes of the VPS have written to disks.", kActivity,
           [](const Vps& vps) { return scaled(vps.activity.written_bytes, 1); }},
    Metric{"vps_network_receive_bytes_total", kCounter, "What the VPS has received.", kNetwork,
           [](const Vps& vps) { return network_of(vps, &NetworkUse::received_bytes); }},
    Metric{"vps_network_receive_packets_total", kCounter, "Packets that the VPS has received.",
           kNetwork, [](const Vps& vps) { return network_of(vps, &NetworkUse::received_packets); }},
    Metric{"vps_network_transmit_bytes_total", kCounter, "What the VPS has sent.", kNetwork,
           [](const Vps& vps) { return network_of(vps, &NetworkUse::sent_bytes); }},
    Metric{"vps_network_transmit_packets_total", kCounter, "Packets that the VPS has sent.",
           kNetwork, [](const Vps& vps) { return network_of(vps, &NetworkUse::sent_packets); }},
    Metric{"vps_memory_usage_bytes", kGauge, "Memory that the VPS uses.", kMemory,
           [](const Vps& vps) { return scaled(memory_of(vps).held, page_size()); }},
    Metric{"vps_memory_peak_bytes", kGauge, "The most memory that the VPS has used.", kMemoryLimits,
           [](const Vps& vps) { return scaled(memory_of(vps).maxheld, page_size()); }},
    Metric{"vps_memory_limit_bytes", kGauge, "The limit of memory, where there is one.",
           kMemoryLimits | kTexts,
           [](const Vps& vps) { return limit_of(vps, memory_of(vps), page_size()); }},
    Metric{"vps_memory_oom_total", kCounter, "How often the VPS ran out of memory.", kMemoryLimits,
           [](const Vps& vps) { return scaled(memory_of(vps).failcnt, 1); }},
    Metric{"vps_swap_usage_bytes", kGauge, "Swap that the VPS uses.", kMemory,
           [](const Vps& vps) { return scaled(swap_of(vps).held, page_size()); }},
    Metric{"vps_swap_limit_bytes", kGauge, "The limit of swap, where there is one.",
           kMemoryLimits | kTexts,
           [](const Vps& vps) { return limit_of(vps, swap_of(vps), page_size()); }},
    Metric{"vps_tasks", kGauge, "Processes and threads in the VPS.", kTasks,
           [](const Vps& vps) { return scaled(tasks_of(vps).held, 1); }},
    Metric{"vps_tasks_limit", kGauge, "The limit of tasks, where there is one.",
           kTaskLimits | kTexts, [](const Vps& vps) { return limit_of(vps, tasks_of(vps), 1); }},
    Metric{"vps_tasks_refused_total", kCounter, "Tasks that the limit refused.", kTaskLimits,
           [](const Vps& vps) { return scaled(tasks_of(vps).failcnt, 1); }},
    Metric{"vps_disk_usage_bytes", kGauge, "What the files of the VPS take on its disk.", kDisk,
           [](const Vps& vps) { return disk_use_of(vps.diskspace, kKibi); }},
    Metric{"vps_disk_limit_bytes", kGauge, "The limit of the disk, where there is one.", kDisk,
           [](const Vps& vps) { return disk_limit_of(vps.diskspace, kKibi); }},
    Metric{"vps_disk_inodes", kGauge, "Files of the VPS on its disk.", kDisk,
           [](const Vps& vps) { return disk_use_of(vps.diskinodes, 1); }},
    Metric{"vps_disk_inodes_limit", kGauge, "The limit of files, where there is one.", kDisk,
           [](const Vps& vps) { return disk_limit_of(vps.diskinodes, 1); }},
    Metric{"vps_starts_total", kCounter, "Starts of the VPS.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::starts); }},
    Metric{"vps_start_failures_total", kCounter, "Starts that have failed.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::start_failures); }},
    Metric{"vps_start_seconds_total", kCounter, "Time that starts took until init was executed.",
           kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::start_milliseconds, kMilli); }},
    Metric{"vps_stops_total", kCounter, "Ends of the VPS, by whatever cause.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::stops); }},
    Metric{"vps_stop_seconds_total", kCounter, "Time that stops and dismounting took.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::stop_milliseconds, kMilli); }},
    Metric{"vps_scripts_total", kCounter, "Action scripts that have run.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::script_runs); }},
    Metric{"vps_script_failures_total", kCounter, "Action scripts that have failed.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::script_failures); }},
    Metric{"vps_script_vetoes_total", kCounter,
           "Failures that have refused a stop or a dismounting.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::vetoes); }},
    Metric{"vps_script_seconds_total", kCounter, "Time that action scripts took.", kCounts,
           [](const Vps& vps) { return count_of(vps, &LifeCounts::script_milliseconds, kMilli); }},
};

// Between quotes.
std::string escaped(std::string_view text) {
    std::string label;
    for (const char letter : printable(text)) {
        if (letter == '\\' || letter == '"')
            label += '\\';
        label += letter;
    }
    return label;
}

std::string head(const char* name, const char* type, const char* help) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

std::string print_info(const std::vector<Vps>& vpses) {
    std::string text = head("vps_info", kGauge, "Names of the VPS; always 1.");
    for (const Vps& vps : vpses)
        text += fmt::format("vps_info{{veid=\"{}\",name=\"{}\",hostname=\"{}\"}} 1\n",
                            vps.veid.value(), escaped(vps.config.name.value_or("")),
                            escaped(vps.config.hostname.value_or("")));
    return text;
}

std::string print_states(const std::vector<Vps>& vpses) {
    using Word = StatusWord::Word;
    std::string text = head("vps_state", kGauge, "1 for the state of the VPS, 0 for the others.");
    for (const Vps& vps : vpses)
        for (const Word word : {Word::Running, Word::Suspended, Word::Mounted, Word::Stopped})
            text += fmt::format("vps_state{{veid=\"{}\",state=\"{}\"}} {}\n", vps.veid.value(),
                                name_of(word), word == vps.status ? 1 : 0);
    return text;
}

std::string print_family(const Metric& metric, const std::vector<Vps>& vpses) {
    std::string samples;
    for (const Vps& vps : vpses)
        if (const Sample sample = metric.sample(vps))
            samples +=
                fmt::format("{}{{veid=\"{}\"}} {}\n", metric.name, vps.veid.value(), *sample);
    return samples.empty() ? samples : head(metric.name, metric.type, metric.help) + samples;
}

}  // namespace

unsigned metric_sources() {
    unsigned sources = kStatus | kLayout;
    for (const Metric& metric : kMetrics)
        sources |= metric.sources;
    return sources;
}

std::string print_metrics(const std::vector<ListedVps>& vpses) {
    if (vpses.empty())
        return {};
    std::string text = print_info(vpses) + print_states(vpses);
    for (const Metric& metric : kMetrics)
        text += print_family(metric, vpses);
    return text;
}

}  // namespace vps

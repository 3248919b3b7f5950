#include "list/cgroup_use.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"
#include "config/config_value.hh"
#include "list/field.hh"
#include "sys/directory.hh"

namespace vps {

namespace {

using OptionalNumber = std::optional<std::uint64_t>;

constexpr std::size_t kLongest = 1 << 20;

// A read that does not fill its buffer has seen the end: one read does for most files.
std::optional<std::string> read_if_there(FdRef dir, const char* name) {
    const Fd file(openat(dir.get(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file)
        return std::nullopt;
    std::array<char, 4096> buffer;
    std::string text;
    for (;;) {
        const ssize_t got = read(file.get(), buffer.data(), buffer.size());
        if (got < 0)
            return std::nullopt;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (static_cast<std::size_t>(got) < buffer.size() / 2 || text.size() > kLongest)
            return text;
    }
}

std::optional<std::string> read_in(const VpsCgroups& cgroups, const std::string& cgroup,
                                   const char* name) {
    return read_if_there(cgroups.all, (cgroup + "/" + name).c_str());
}

// "max" is no limit.
OptionalNumber parse_number(std::string_view text) {
    if (text.starts_with("max"))
        return kNoLimit;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() ? OptionalNumber(number) : std::nullopt;
}

OptionalNumber read_number(const VpsCgroups& cgroups, const std::string& cgroup, const char* name) {
    const auto text = read_in(cgroups, cgroup, name);
    return text ? parse_number(*text) : std::nullopt;
}

// The number behind this word at the start of a line: "oom 3".
OptionalNumber find_number(std::string_view text, std::string_view word) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.starts_with(word) && line.size() > word.size() && line[word.size()] == ' ')
            return parse_number(line.substr(word.size() + 1));
    }
    return std::nullopt;
}

OptionalNumber read_event(const VpsCgroups& cgroups, const std::string& cgroup, const char* file,
                          std::string_view event) {
    const auto text = read_in(cgroups, cgroup, file);
    return text ? find_number(*text, event) : std::nullopt;
}

OptionalNumber to_pages(OptionalNumber bytes) {
    return bytes && *bytes != kNoLimit ? OptionalNumber(*bytes / kPage) : bytes;
}

void set_limit(Beancounter& counter, OptionalNumber limit) {
    if (!limit)
        return;
    counter.limit = *limit;
    counter.barrier = std::min(counter.barrier, *limit);
}

// A kernel before 6.11 counts a refused process where it was to be born, a later one in each cgroup
// up to the limit.
void read_task_limits(const VpsCgroups& at, Beancounter& counter) {
    counter.maxheld = read_number(at, at.scope, "pids.peak");
    if (!counter.maxheld)
        counter.maxheld = counter.held;
    counter.failcnt = std::max(read_event(at, at.slice, "pids.events", "max"),
                               read_event(at, at.scope, "pids.events", "max"));
    set_limit(counter, read_number(at, at.slice, "pids.max"));
}

void read_memory(const VpsCgroups& at, Beancounter& physical, Beancounter& swap) {
    physical.held = to_pages(read_number(at, at.scope, "memory.current"));
    swap.held = to_pages(read_number(at, at.scope, "memory.swap.current"));
}

void read_memory_limits(const VpsCgroups& at, Beancounter& physical, Beancounter& swap) {
    physical.maxheld = to_pages(read_number(at, at.scope, "memory.peak"));
    physical.failcnt = read_event(at, at.slice, "memory.events", "oom");
    set_limit(physical, to_pages(read_number(at, at.slice, "memory.max")));
    swap.maxheld = to_pages(read_number(at, at.scope, "memory.swap.peak"));
    swap.failcnt = read_event(at, at.slice, "memory.swap.events", "fail");
    set_limit(swap, to_pages(read_number(at, at.slice, "memory.swap.max")));
}

void read_memory_kinds(const VpsCgroups& at, Counters& counters) {
    const auto text = read_in(at, at.scope, "memory.stat");
    if (!text)
        return;
    counters[counter_at("kmemsize")].held = find_number(*text, "kernel");
    counters[counter_at("dcachesize")].held = find_number(*text, "slab_reclaimable");
    counters[counter_at("lockedpages")].held = to_pages(find_number(*text, "unevictable"));
    counters[counter_at("privvmpages")].held = to_pages(find_number(*text, "anon"));
    counters[counter_at("shmpages")].held = to_pages(find_number(*text, "shmem"));
    const OptionalNumber physical = counters[counter_at("physpages")].held;
    if (physical)
        counters[counter_at("oomguarpages")].held =
            *physical + counters[counter_at("swappages")].held.value_or(0);
}

// The sum of the numbers behind this word in all lines: "8:0 rbytes=4096 wbytes=0 ...".
OptionalNumber sum_of(std::string_view text, std::string_view word) {
    std::uint64_t sum = 0;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at))
        sum += parse_number(text.substr(at += word.size())).value_or(0);
    return sum;
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=4711": microseconds in which some had to wait.
OptionalNumber read_waited(const VpsCgroups& at, const char* file) {
    const auto text = read_in(at, at.scope, file);
    const std::size_t total = text ? text->find("total=") : std::string::npos;
    return total == std::string::npos ? std::nullopt
                                      : parse_number(std::string_view(*text).substr(total + 6));
}

// The letter behind the name of the program, which may have any characters (proc_pid_stat(5)).
char state_of(FdRef proc, const std::string& task) {
    const auto text = read_if_there(proc, (task + "/stat").c_str());
    const std::size_t end = text ? text->rfind(')') : std::string::npos;
    return end == std::string::npos || end + 2 >= text->size() ? '?' : (*text)[end + 2];
}

// Names of the VPS's cgroups are the VPS's: no path is made of them.
std::vector<Fd> open_below(FdRef cgroup) {
    std::vector<Fd> below;
    Directory dir(Fd(openat(cgroup.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    while (const dirent* entry = dir.next())
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            if (Fd next(openat(dir.fd().get(), entry->d_name,
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
                next)
                below.push_back(std::move(next));
    return below;
}

unsigned count_busy(FdRef cgroup, FdRef proc, int depth) {
    unsigned busy = 0;
    if (const auto tasks = read_if_there(cgroup, "cgroup.threads"))
        for (const std::string_view task : words_of(*tasks)) {
            const char state = state_of(proc, std::string(task));
            busy += state == 'R' || state == 'D';
        }
    if (depth > 0)
        for (const Fd& below : open_below(cgroup))
            busy += count_busy(below, proc, depth - 1);
    return busy;
}

}  // namespace

ScopeState read_scope(const VpsCgroups& cgroups) {
    const auto text = read_in(cgroups, cgroups.scope, "cgroup.events");
    if (!text)
        return {};
    return {find_number(*text, "populated") == 1, find_number(*text, "frozen") == 1};
}

void read_use(const VpsCgroups& cgroups, unsigned sources, Counters& counters) {
    Beancounter& processes = counters[counter_at("numproc")];
    Beancounter& physical = counters[counter_at("physpages")];
    Beancounter& swap = counters[counter_at("swappages")];
    if ((sources & kTasks) != 0)
        processes.held = read_number(cgroups, cgroups.scope, "pids.current");
    if ((sources & kTaskLimits) != 0)
        read_task_limits(cgroups, processes);
    if ((sources & kMemory) != 0)
        read_memory(cgroups, physical, swap);
    if ((sources & kMemoryLimits) != 0)
        read_memory_limits(cgroups, physical, swap);
    if ((sources & kMemoryKinds) != 0)
        read_memory_kinds(cgroups, counters);
}

Activity read_activity(const VpsCgroups& cgroups) {
    Activity activity;
    if (const auto text = read_in(cgroups, cgroups.scope, "cpu.stat"))
        activity.cpu_usec = find_number(*text, "usage_usec");
    if (const auto text = read_in(cgroups, cgroups.scope, "io.stat")) {
        activity.read_bytes = sum_of(*text, " rbytes=");
        activity.written_bytes = sum_of(*text, " wbytes=");
    }
    activity.cpu_waited_usec = read_waited(cgroups, "cpu.pressure");
    activity.memory_waited_usec = read_waited(cgroups, "memory.pressure");
    activity.io_waited_usec = read_waited(cgroups, "io.pressure");
    return activity;
}

double count_load(const VpsCgroups& cgroups, const char* proc) {
    const Fd scope(openat(cgroups.all.get(), cgroups.scope.c_str(),
                          O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    const Fd dir(open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC));
    return scope ? count_busy(scope, dir, static_cast<int>(kCgroupDepth) + 1) : 0;
}

}  // namespace vps

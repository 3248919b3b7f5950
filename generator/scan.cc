#include "scan.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "config_draft.hh"
#include "config_text.hh"
#include "config_value.hh"
#include "error.hh"

namespace vps {

namespace {

struct CloseDir {
    void operator()(DIR* dir) const { (void)closedir(dir); }  // only read from
};
using Dir = std::unique_ptr<DIR, CloseDir>;

constexpr char kVzConf[] = "/etc/vz/vz.conf";
constexpr char kConfDir[] = "/etc/vz/conf";

// Null if it does not exist.
Dir open_dir(const std::string& root, const char* path) {
    Dir dir(opendir((root + path).c_str()));
    if (!dir && errno != ENOENT)
        throw SysError(errno, "open", path);
    return dir;
}

// "101.conf" → 101; nothing for any other name, and for 0.conf, the host.
std::optional<Veid> veid_of(std::string_view file_name) {
    if (!file_name.ends_with(".conf"))
        return {};
    file_name.remove_suffix(5);
    return file_name.empty() ? std::nullopt : Veid::parse(file_name);
}

std::vector<Veid> list_veids(DIR* dir) {
    std::vector<Veid> veids;
    while (const auto* entry = readdir(dir))
        if (const auto veid = veid_of(entry->d_name))
            veids.push_back(*veid);
    std::sort(veids.begin(), veids.end());
    return veids;
}

ConfigDraft read_vz_conf(ScannedHost& host, const std::string& root) {
    ConfigDraft draft(ConfigDraft::Detail::Boot);
    try {
        draft.read(ConfigFile::Host, kVzConf,
                   read_config_text(AT_FDCWD, (root + kVzConf).c_str(), kVzConf));
    } catch (const SysError& error) {
        // Without it the helpers refuse to start anything and say so: not our message.
        if (error.errnum() != ENOENT)
            host.errors.emplace_back(error.what());
    }
    host.diagnostics = draft.take_diagnostics();
    host.virtuozzo = draft.fields().virtuozzo;
    return draft;
}

unsigned online_cpus() {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

// The numbers of a list such as "0,2-3", which has been checked.
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

void read_node(ScannedHost& host, const std::string& root, unsigned node) {
    if (host.node_cpus.contains(node))
        return;
    auto& cpus = host.node_cpus[node];  // stays empty for a node without CPUs, or that is not there
    const auto path = "/sys/devices/system/node/node" + std::to_string(node) + "/cpulist";
    try {
        auto text = read_config_text(AT_FDCWD, (root + path).c_str(), path);
        text.resize(text.find_last_not_of('\n') + 1);
        CpuMask mask{};
        if (read_cpu_mask(mask, text).grade == Verdict::Good)
            cpus = std::move(mask.list);
    } catch (const SysError& error) {
        host.errors.emplace_back(error.what());
    }
}

}  // namespace

std::vector<unsigned> auto_nodes(const VpsConfig& config) {
    if (!config.cpumask || config.cpumask->kind != CpuMask::Kind::Auto)
        return {};
    if (!config.nodemask || config.nodemask->kind != CpuMask::Kind::List)
        return {};
    return numbers_of(config.nodemask->list);
}

ScannedHost scan(const std::string& root) {
    ScannedHost host;
    host.page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto dir = open_dir(root, kConfDir);
    if (!dir)
        return host;

    const auto defaults = read_vz_conf(host, root);
    const auto parallel = defaults.fields().parallel;
    host.parallel = parallel ? *parallel : 4 * online_cpus();

    const auto veids = list_veids(dir.get());
    host.vpses.reserve(veids.size());
    for (const auto veid : veids) {
        const auto name = veid.to_string() + ".conf";
        const auto shown = std::string(kConfDir) + "/" + name;
        try {
            const auto text = read_config_text(dirfd(dir.get()), name.c_str(), shown);
            auto draft = defaults;
            draft.read(ConfigFile::Vps, shown, text);
            host.vpses.push_back({veid, std::move(draft).finish(veid)});
        } catch (const SysError& error) {
            host.errors.emplace_back(error.what());
        }
    }
    for (const auto& vps : host.vpses)
        for (const auto node : auto_nodes(vps.config))
            read_node(host, root, node);
    return host;
}

}  // namespace vps

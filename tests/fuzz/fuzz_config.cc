// libFuzzer target: any bytes as vz.conf and as 101.conf, all the way to the text of the units. On
// top of what the sanitizers see: every value stays where it belongs, and units stay well-formed.

#include <set>

#include "config/config_draft.hh"
#include "generator/plan.hh"
#include "require.hh"

using namespace vps;

static void check_path(const std::optional<std::string>& path) {
    if (!path)
        return;
    require(path->size() > 1 && (*path)[0] == '/' && !path->ends_with('/'), "bad path", *path);
    for (const char* part : {"//", "/./", "/../", "\n"})
        require((*path + "/").find(part) == path->npos, "bad path", *path);
    require(path->find('\0') == path->npos, "NUL in path", *path);
}

static void check_unit(const std::string& text) {
    static const std::set<std::string_view> known = {
        "Description", "SourcePath",     "Documentation",     "RequiresMountsFor", "After",
        "Before",      "MemoryMax",      "MemorySwapMax",     "MemoryLow",         "MemoryMin",
        "MemoryHigh",  "TasksMax",       "CPUWeight",         "CPUQuota",          "AllowedCPUs",
        "IOWeight",    "TimeoutStopSec", "AllowedMemoryNodes"};
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        require(end != rest.npos, "no last newline", text);
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        require(is_one_line(line) && !line.ends_with('\\'), "bad line", text);
        if (line.empty() || line.starts_with('#'))
            continue;
        if (line == "[Unit]" || line == "[Service]" || line == "[Slice]" || line == "[Scope]")
            continue;
        if (line == "Upholds=vps-network-guard.service")
            continue;  // of no other unit
        require(known.contains(line.substr(0, line.find('='))), "unknown setting", text);
    }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = text_of(data, size);
    const std::string_view vps_conf = take_part(text);

    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Host, "vz.conf", text);
    draft.read(ConfigFile::Vps, "101.conf", vps_conf);
    const auto veid = *Veid::parse("101");
    auto config = std::move(draft).finish(veid);

    check_path(config.ve_root);
    check_path(config.ve_private);
    for (const auto& diagnostic : config.diagnostics)
        require(is_one_line(diagnostic.to_string()) && diagnostic.line > 0 && diagnostic.column > 0,
                "bad diagnostic", diagnostic.to_string());

    ScannedHost host;
    host.node_cpus = {{0, "0-3"}, {1, "4-7"}};
    host.vpses.push_back({veid, std::move(config)});
    for (const auto& file : Plan(host).of_vpses(0, 1).files)
        check_unit(file.text);
    return 0;
}

#include "check/check_vps.hh"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "check/area.hh"
#include "check/check_config.hh"
#include "check/check_script.hh"
#include "config/config_text.hh"
#include "config/vps_list.hh"
#include "config/vznet_conf.hh"
#include "context/device.hh"
#include "files/resolver.hh"
#include "limits/cpus_and_nodes.hh"
#include "limits/slice_limits.hh"
#include "network/forwarding.hh"
#include "network/network_program.hh"
#include "network/network_spec.hh"
#include "script/action_script.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

const std::string kConfDir = "/etc/vz/conf";

// A program of the VPS, looked up as it would find it below the directory of its files; where that
// cannot be looked into, each is taken to be there.
ScriptPlace place_in_vps(std::optional<Fd> files) {
    if (!files)
        return {[](const std::string&) { return true; }, false};
    const auto dir = std::make_shared<Fd>(std::move(*files));
    const auto find = [dir](const std::string& path) {
        return *dir && sys::find_in_root(*dir, path, O_PATH);
    };
    const Fd sh = *dir ? sys::find_in_root(*dir, "/bin/sh", O_PATH) : Fd();
    const std::string name =
        sh ? sys::readlink("/proc/self/fd/" + std::to_string(sh.get())) : std::string();
    return {find, name.ends_with("/dash")};
}

// The findings about a script that is open.
std::vector<Finding> check_open_script(const ScriptKind& kind, const ActionScript& script,
                                       const std::string& path, const ScriptPlace& place) {
    struct stat status {};
    if (fstat(script.file.get(), &status) < 0)
        throw SysError(errno, "look at", path);
    return check_script_text(kind, read_script(script), status.st_mode, place);
}

// Returns whether there is such a script.
bool check_script(const ScriptKind& kind, Veid veid, const std::string& dir,
                  const ScriptPlace& place, Checked& checked, StartVerdict* verdict) {
    const std::string path = dir + "/" + kind.name(veid);
    CheckedFile file{CheckedFile::Kind::Script, path, {}, {}, {}};
    if (kind.scope == ScriptScope::One)
        file.veid = veid;
    try {
        const std::optional<ActionScript> script = find_script(kind, veid, dir);
        if (!script)
            return false;
        file.findings = check_open_script(kind, *script, path, place);
    } catch (const Error& error) {
        file.findings.push_back({Grade::Error, 0, 0, {}, error.what()});
    }
    const bool stops_start = kind.consequence == script::kNotStarted;
    for (const Finding& finding : file.findings)
        if (verdict && stops_start && finding.grade == Grade::Error)
            verdict->refuse(ExitCode::ScriptFailed,
                            fmt::format("action script '{}': {}", path, finding.text));
    // One for all VPSes is shown once.
    if (kind.scope == ScriptScope::One || checked.shared.insert(path).second)
        checked.files.push_back(std::move(file));
    return true;
}

// The multi-generational LRU of Linux 6.1 and later keeps MemoryMin= and takes MemoryLow= for a
// hint (mm/vmscan.c, multigen_lru.rst).
bool takes_guarantees_for_hints() {
    constexpr const char* kSwitch = "/sys/kernel/mm/lru_gen/enabled";
    return access(kSwitch, R_OK) == 0 && std::stoul(sys::read_line(kSwitch), nullptr, 0) != 0;
}

// Findings about values of vz.conf go to that file's. Returns the network that is asked for.
NetworkSpec check_against_host(Veid veid, const VpsConfig& config, CheckedFile& file) {
    const auto say = [&](Grade grade, std::string_view key, const std::string& text) {
        if (Finding finding = file.about(grade, key, text); finding.line != 0)
            file.findings.push_back(std::move(finding));
    };
    for (const AbsentFromHost& absent : find_absent_cpus_and_nodes(config))
        say(Grade::Error, absent.key, absent.text);
    if (config.vmguarpages && takes_guarantees_for_hints())
        say(Grade::Note, "VMGUARPAGES",
            "this host's kernel takes it for a hint; with n in /sys/kernel/mm/lru_gen/enabled it "
            "is kept");
    for (const std::string_view key : io_limits_of(config))
        say(Grade::Note, key,
            fmt::format("{}: reads and writes have this limit each; OpenVZ counted both together",
                        key));
    std::vector<ConfigProblem> problems;
    (void)find_devices(config, problems);
    const NetworkSpec network = plan_network(veid, config, {}, problems);
    (void)find_resolver(config, problems);
    for (const auto& [key, text] : problems)
        say(Grade::Warning, key, std::string(key) + ": " + text);
    for (const VethSpec& veth : network.veths) {
        const std::string link = "/sys/class/net/" + veth.bridge;
        if (!veth.bridge.empty() && access(link.c_str(), F_OK) < 0)
            say(Grade::Warning, "NETIF",
                fmt::format("this host has no bridge '{}', which {} wants; without it a start "
                            "is refused",
                            veth.bridge, veth.ifname));
        else if (!veth.bridge.empty() && access((link + "/bridge").c_str(), F_OK) < 0)
            say(Grade::Warning, "NETIF",
                fmt::format("'{}' is no bridge of Linux: EXTERNAL_SCRIPT of /etc/vz/vznet.conf has "
                            "to add {} to it",
                            veth.bridge, veth.host_ifname));
    }
    for (const std::string& device : network.devices)
        if (access(("/sys/class/net/" + device).c_str(), F_OK) < 0)
            say(Grade::Warning, "NETDEV",
                fmt::format("this host has no network device '{}'; without it a start is refused",
                            device));
    return network;
}

// The script of vznet.conf, which runs for devices of NETIF.
void check_external_script(const std::string& root, Checked& checked) {
    const std::string conf = root + kVznetConf;
    if (!checked.shared.insert(conf).second)
        return;
    CheckedFile file{CheckedFile::Kind::Script, conf, {}, {}, {}};
    const auto say = [&](Grade grade, const std::string& text) {
        file.findings.push_back({grade, 0, 0, "EXTERNAL_SCRIPT", text});
    };
    try {
        const std::string name = read_external_script(root);
        if (name.empty())
            return;
        constexpr ScriptKind kKind{ScriptScope::All, "vznet", ScriptContext::Host, {}, {}};
        const std::string path = root + name;
        if (const auto script = find_script(kKind, "vznet", path)) {
            file.path = path;
            file.findings = check_open_script(kKind, *script, path, this_host());
        } else {
            say(Grade::Warning, fmt::format("EXTERNAL_SCRIPT '{}' does not exist; devices of NETIF "
                                            "are made without it",
                                            path));
        }
    } catch (const Error& error) {
        say(Grade::Error, error.what());
    }
    checked.files.push_back(std::move(file));
}

// Tells of a limit that OpenVZ's kernels held a VPS to and this kernel does not.
void check_lost_limits(const VpsConfig& config, CheckedFile& file, StartVerdict& verdict) {
    const auto limits = [](const std::optional<BarrierLimit>& pair) {
        return pair && is_limit(pair->limit);
    };
    if (config.legacy_ubc_limits || limits(config.physpages) || !limits(config.privvmpages))
        return;
    const std::string text =
        "PRIVVMPAGES limits nothing here and PHYSPAGES sets no limit: the VPS may take all memory "
        "of the host; set PHYSPAGES, or LEGACY_UBC_LIMITS=yes";
    file.findings.push_back(file.about(Grade::Warning, "PRIVVMPAGES", text));
    verdict.warnings.push_back("no memory limit: " + text);
}

// Tells of missing settings with the first VPS that wants them: the others miss the same.
void check_forwarding(const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    std::vector<std::string> missing = find_missing_forwarding(network.addresses);
    if (missing.empty() || missing == checked.forwarding)
        return;
    file.findings.push_back(
        file.about(Grade::Warning, "IP_ADDRESS", explain_missing_forwarding(missing)));
    checked.forwarding = std::move(missing);
}

// The same of the firewall, which only root can look into.
void check_firewall(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    if (geteuid() != 0 || network.addresses.empty() || std::exchange(checked.judged_firewall, true))
        return;
    try {
        const std::vector<std::string> chains =
            select_dropping_chains(find_dropping_chains_of_host(veid), network.addresses);
        if (!chains.empty())
            file.findings.push_back(
                file.about(Grade::Note, "IP_ADDRESS", explain_dropping_chains(chains)));
    } catch (const Error& error) {
        file.findings.push_back({Grade::Warning, 0, 0, {}, error.what()});
    }
}

// Compares the network of a VPS that runs with its record. Only root can look.
void check_running_network(Veid veid, CheckedFile& file) {
    if (geteuid() != 0)
        return;
    try {
        for (const std::string& missing : find_missing_network(veid))
            file.findings.push_back(
                {Grade::Warning,
                 0,
                 0,
                 {},
                 fmt::format(
                     "runs, but not all of its network is on this host: {}; systemctl reload "
                     "vps@{} makes it again",
                     missing, veid.to_string())});
    } catch (const Error& error) {
        file.findings.push_back({Grade::Warning, 0, 0, {}, error.what()});
    }
}

// A thing that one VPS at a time can have.
struct OwnThing {
    std::string_view key;
    std::string name;  // equal for two VPSes that want the same
    std::string text;
};

// Two VPSes cannot share such a thing: the second to start is refused.
void compare(Veid veid, const OwnThing& thing, Checked& checked, CheckedFile& file) {
    const auto [holder, is_new] = checked.taken.try_emplace(thing.name, veid);
    if (!is_new && holder->second != veid)
        file.findings.push_back(
            file.about(Grade::Warning, thing.key,
                       fmt::format("{} is VPS {}'s, too: only one of the two can run", thing.text,
                                   holder->second.to_string())));
}

void compare_network(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    const auto own = [&](std::string_view key, const std::string& text) {
        compare(veid, {key, text, text}, checked, file);
    };
    for (const IpAddress& address : network.addresses)
        own("IP_ADDRESS", fmt::format("the address {}", address.to_string()));
    for (const VethSpec& veth : network.veths) {
        own("NETIF", fmt::format("the network device '{}' of the host", veth.host_ifname));
        if (!veth.bridge.empty())
            own("NETIF", fmt::format("the hardware address {} on the bridge '{}'",
                                     veth.mac.to_string(), veth.bridge));
    }
    for (const std::string& device : network.devices)
        own("NETDEV", fmt::format("the network device '{}' of the host", device));
}

// Directories are compared by what they are, so that links hide nothing.
void compare_directory(Veid veid, std::string_view key, const std::string& path,
                       const std::string& root, Checked& checked, CheckedFile& file) {
    const Fd dir =
        sys::find_in_root(sys::open(root + "/", O_PATH | O_DIRECTORY), path, O_PATH | O_DIRECTORY);
    struct stat status {};
    const std::string name = dir && fstat(dir.get(), &status) == 0
                                 ? fmt::format("{} {}-{}", key, status.st_dev, status.st_ino)
                                 : fmt::format("{} {}", key, path);
    compare(veid, {key, name, fmt::format("the directory '{}'", path)}, checked, file);
}

// The private areas and roots of two VPSes lie side by side. One directory that both have under one
// key has been told already.
void compare_places(Veid veid, std::string_view key, const std::string& path,
                    const std::string& root, Checked& checked, CheckedFile& file) {
    const Place place(path, root);
    for (const CheckedPlace& other : checked.places) {
        const bool below = place.is_in(other.place), above = other.place.is_in(place);
        if (other.veid == veid || (!below && !above) || (below && above && other.key == key))
            continue;
        file.findings.push_back(file.about(
            Grade::Warning, key,
            fmt::format("'{}' and {} '{}' of VPS {} lie in one another: one of the two VPSes would "
                        "have the other's files, so that only one of the two can run",
                        path, other.key, other.place.path(), other.veid.to_string())));
        break;
    }
    checked.places.push_back({veid, key, place});
}

// Ids are not shifted on disk. Told once for the private areas of one directory.
void judge_way(const VpsConfig& config, const std::string& root, Checked& checked,
               CheckedFile& file) {
    const Place area(*config.ve_private, root);
    if (!area.exists() || checked.host_places->has(area) || !is_open_to_users(area, root))
        return;
    const Place dir(area.path().substr(0, std::max<std::size_t>(area.path().rfind('/'), 1)), root);
    if (!checked.open_ways.insert(dir.path()).second)
        return;
    const std::string remedy =
        checked.host_places->has(dir)
            ? fmt::format("move it into a directory of mode 0700, such as '{}/vps'", dir.path())
            : fmt::format("chmod 0700 '{}' closes the way", dir.path());
    file.findings.push_back(file.about(
        Grade::Warning, "VE_PRIVATE",
        fmt::format("users of the host can pass to the private area '{}': a set-uid root program "
                    "that a VPS makes there runs as the host's root for them; {}",
                    area.path(), remedy)));
}

void compare_directories(Veid veid, const VpsConfig& config, const std::string& root,
                         Checked& checked, CheckedFile& file) {
    for (const auto& [key, path] : {std::pair(std::string_view("VE_ROOT"), &config.ve_root),
                                    std::pair(std::string_view("VE_PRIVATE"), &config.ve_private)})
        if (*path) {
            compare_directory(veid, key, **path, root, checked, file);
            compare_places(veid, key, **path, root, checked, file);
        }
}

void judge_masks(const VpsConfig& config, StartVerdict& verdict) {
    try {
        require_cpus_and_nodes(config);
    } catch (const Error& error) {
        verdict.refuse(error.code(), error.what());
    }
}

void judge_config(const VpsConfig& config, StartVerdict& verdict) {
    if (const Diagnostic* refusal = config.refusal())
        verdict.refuse(ExitCode::BadValue, refusal->to_string());
    if (!config.ve_root)
        verdict.refuse(ExitCode::NoVeRoot, "VE_ROOT is not set");
    if (!config.ve_private)
        verdict.refuse(ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    judge_masks(config, verdict);
    if (config.disabled)
        verdict.refuse(ExitCode::Disabled, "is disabled (DISABLED=yes in its configuration)");
}

std::optional<ConfigText> find_text(const std::string& path) {
    try {
        return ConfigText{path, read_config_text(AT_FDCWD, path.c_str(), path)};
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT)
            return std::nullopt;
        throw;
    }
}

}  // namespace

void check_host(const std::string& root, Checked& checked) {
    CheckedFile file{CheckedFile::Kind::HostConfig, root + "/etc/vz/vz.conf", {}, {}, {}};
    try {
        if (const std::optional<ConfigText> text = find_text(file.path)) {
            CheckedConfig config = check_host_config(*text);
            file.rows = std::move(config.rows);
            file.findings = std::move(config.findings);
            (void)check_against_host(*Veid::parse("1"), config.config, file);
        } else {
            file.findings.push_back({Grade::Error, 0, 0, {}, "no such file: no VPS can start"});
        }
    } catch (const Error& error) {
        file.findings.push_back({Grade::Error, 0, 0, {}, error.what()});
    }
    if (const auto why = explain_no_conf_dir(root))
        file.findings.push_back({Grade::Error, 0, 0, {}, *why});
    checked.files.push_back(std::move(file));
    const ScriptPlace host = this_host();
    for (const ScriptKind& kind : script::kAll)
        if (kind.scope == ScriptScope::All)
            check_script(kind, *Veid::parse("1"), root + kConfDir, host, checked, nullptr);
}

void check_vps(Veid veid, const std::string& root, Checked& checked, Depth depth) {
    const std::string dir = root + kConfDir;
    const std::size_t place = checked.files.size();
    checked.files.push_back(
        {CheckedFile::Kind::VpsConfig, dir + "/" + veid.to_string() + ".conf", veid, {}, {}});
    CheckedFile file = checked.files[place];
    StartVerdict verdict{veid, ExitCode::Ok, {}};
    std::optional<ConfigText> vz_conf, text;
    const auto read = [&](std::optional<ConfigText>& out, const std::string& path, ExitCode code) {
        try {
            out = find_text(path);
            if (!out)
                throw Error(code, "'" + path + "': no such configuration file");
        } catch (const Error& error) {
            file.findings.push_back({Grade::Error, 0, 0, {}, error.what()});
            verdict.refuse(code, error.what());
        }
    };
    read(vz_conf, root + "/etc/vz/vz.conf", ExitCode::NoVzConf);
    read(text, file.path, ExitCode::NoVpsConf);
    if (text) {
        CheckedConfig config = check_vps_config(vz_conf, *text, veid);
        file.rows = std::move(config.rows);
        for (Finding& finding : config.findings)
            file.findings.push_back(std::move(finding));
        const NetworkSpec network = check_against_host(veid, config.config, file);
        compare_network(veid, network, checked, file);
        if (!checked.host_places)
            checked.host_places.emplace(root);
        compare_directories(veid, config.config, root, checked, file);
        if (config.config.ve_private && root.empty())  // the modes of a copy say nothing
            judge_way(config.config, root, checked, file);
        if (root.empty()) {
            check_forwarding(network, checked, file);
            check_firewall(veid, network, checked, file);
            check_running_network(veid, file);
        }
        check_lost_limits(config.config, file, verdict);
        judge_config(config.config, verdict);
        if (!config.config.netifs.empty())
            check_external_script(root, checked);

        const ScriptPlace host = this_host();
        ScriptPlace inside = host;
        const auto check_here = [&](const ScriptKind& kind) {
            const bool in_vps = kind.context == ScriptContext::Vps;
            return check_script(kind, veid, dir, in_vps ? inside : host, checked, &verdict);
        };
        const auto check_all = [&](std::string_view when) {
            bool any = false;
            for (const ScriptKind& kind : script::kAll)
                if (kind.when == when)
                    any |= check_here(kind);
            return any;
        };
        std::optional<AreaJudge> judge;
        if (config.config.ve_private)
            judge.emplace(veid, config.config, root, *checked.host_places, verdict, file);
        bool scripts = check_all(script::kBeforeMount);
        if (judge) {
            judge->judge_area(scripts, depth);
            inside = place_in_vps(judge->open_files());
        }
        scripts |= check_all(script::kAfterMount);
        if (judge)
            judge->judge_content(scripts);
        for (const ScriptKind& kind : script::kAll)
            if (kind.when != script::kBeforeMount && kind.when != script::kAfterMount)
                check_here(kind);
    }
    checked.files[place] = std::move(file);
    checked.verdicts.push_back(std::move(verdict));
}

void check_file(const std::string& path, Checked& checked) {
    const fs::path file(path);
    const std::string name = file.filename().string();
    const std::string dir = file.has_parent_path() ? file.parent_path().string() : ".";
    const std::size_t dot = name.find('.');
    const std::optional<Veid> veid = dot ? Veid::parse(name.substr(0, dot)) : std::nullopt;
    if (name.ends_with(".conf") || name.ends_with(".conf-sample")) {
        const std::optional<ConfigText> text = find_text(path);
        if (!text)
            throw Error(ExitCode::NoVpsConf, "'" + path + "': no such configuration file");
        if (name == "vz.conf") {
            CheckedConfig config = check_host_config(*text);
            checked.files.push_back({CheckedFile::Kind::HostConfig,
                                     path,
                                     {},
                                     std::move(config.rows),
                                     std::move(config.findings)});
            return;
        }
        const Veid number = veid.value_or(*Veid::parse("1"));
        const std::optional<ConfigText> vz_conf = find_text(dir + "/../vz.conf");
        CheckedConfig config = check_vps_config(vz_conf, *text, number);
        checked.files.push_back({CheckedFile::Kind::VpsConfig, path, veid, std::move(config.rows),
                                 std::move(config.findings)});
        (void)check_against_host(number, config.config, checked.files.back());
        StartVerdict verdict{number, ExitCode::Ok, {}};
        if (vz_conf) {
            judge_config(config.config, verdict);
        } else {
            if (const Diagnostic* refusal = config.config.refusal())
                verdict.refuse(ExitCode::BadValue, refusal->to_string());
            judge_masks(config.config, verdict);
        }
        checked.verdicts.push_back(std::move(verdict));
        return;
    }
    for (const ScriptKind& kind : script::kAll) {
        const Veid number = veid.value_or(*Veid::parse("1"));
        if (name == kind.name(number) && (veid || kind.scope == ScriptScope::All)) {
            StartVerdict verdict{number, ExitCode::Ok, {}};
            if (!check_script(kind, number, dir, this_host(), checked, nullptr))
                throw Error(ExitCode::Usage, "'" + path + "': no such script");
            for (const Finding& finding : checked.files.back().findings)
                if (finding.grade == Grade::Error)
                    verdict.refuse(ExitCode::ScriptFailed, path + ": " + finding.text);
            if (verdict.code != ExitCode::Ok)
                checked.verdicts.push_back(std::move(verdict));
            return;
        }
    }
    throw Error(ExitCode::Usage, "'" + path +
                                     "' is neither a VEID nor named like a configuration "
                                     "(101.conf) or an action script (101.mount)");
}

}  // namespace vps

#include "check/check_vps.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "check/area.hh"
#include "check/check_config.hh"
#include "check/check_network.hh"
#include "check/check_script.hh"
#include "check/cluster_resources.hh"
#include "check/compare.hh"
#include "check/script_files.hh"
#include "config/config_text.hh"
#include "config/vps_list.hh"
#include "context/device.hh"
#include "files/resolver.hh"
#include "limits/cpus_and_nodes.hh"
#include "limits/slice_limits.hh"
#include "network/network_spec.hh"
#include "script/action_script.hh"
#include "snapshot/snapshot_store.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"
#include "sys/sys.hh"
#include "systemd/masked.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

const std::string kConfDir = "/etc/vz/conf";
const std::string kHostConf = "/etc/vz/vz.conf";

std::string path_of(Veid veid) {
    return fmt::format("{}/{}.conf", kConfDir, veid.to_string());
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

// A host that comes back after it was fenced would start a VPS that runs elsewhere by then.
void check_cluster(Veid veid, const VpsConfig& config, const std::string& root, Checked& checked,
                   CheckedFile& file) {
    if (config.onboot == OnBoot::No || config.disabled)
        return;
    if (!checked.clustered)
        checked.clustered = read_cluster_resources(root);
    if (checked.clustered->count(veid.to_string()))
        file.findings.push_back(file.about(
            Grade::Warning, "ONBOOT",
            fmt::format(
                "a cluster (Pacemaker) decides where this VPS runs, and this host would "
                "start it at boot all the same{}; set ONBOOT=no",
                config.onboot == OnBoot::Unset ? ", if it ran when the host went down" : "")));
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

// systemd starts nothing that the administrator has masked, or that requires it.
void judge_units(Veid veid, CheckedFile& file, StartVerdict& verdict) {
    for (const std::string& unit : {std::string("vps@.service"), service_unit(veid),
                                    std::string("vps.slice"), slice_unit(veid)}) {
        if (!is_masked(unit))
            continue;
        const std::string text = fmt::format("{0} is masked; systemctl unmask {0}", unit);
        file.findings.push_back({Grade::Error, 0, 0, {}, text});
        verdict.refuse(ExitCode::System, text);
    }
}

// Which configuration counts is known when that is over.
void check_cut_switch(const VpsConfig& config, CheckedFile& file) {
    if (config.ve_private && access(config.ve_private->c_str(), F_OK) == 0 &&
        access(place_to_switch_of(sys::realpath(*config.ve_private)).c_str(), F_OK) == 0)
        file.findings.push_back(
            file.about(Grade::Warning, "VE_PRIVATE",
                       "a switch to a snapshot was cut off, or is under way; the next start ends "
                       "it, and may bring the configuration of the snapshot back"));
}

std::optional<ConfigText> find_text(const std::string& root, const std::string& path) {
    const std::string shown = root + path;
    try {
        return ConfigText{shown, read_config_text(AT_FDCWD, find_below(root, path).c_str(), shown)};
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT)
            return std::nullopt;
        throw;
    }
}

// The check of one VPS, in the order of its start.
class VpsCheck {
  public:
    VpsCheck(Veid veid, const std::string& root, Checked& checked, Depth depth)
        : veid_(veid),
          root_(root),
          checked_(checked),
          depth_(depth),
          file_{CheckedFile::Kind::VpsConfig, root + path_of(veid), veid, {}, {}},
          verdict_{veid, ExitCode::Ok, {}},
          inside_(host_) {}

    void run();

  private:
    std::optional<ConfigText> read(const std::string& path, ExitCode code);
    void check_writers(const std::string& path);
    VpsConfig check_config(const std::optional<ConfigText>& vz_conf, const ConfigText& text);
    void check_start(const VpsConfig& config);
    bool check_scripts(std::string_view when);
    bool check_kind(const ScriptKind& kind);

    const Veid veid_;
    const std::string& root_;
    Checked& checked_;
    const Depth depth_;
    CheckedFile file_;
    StartVerdict verdict_;
    const ScriptPlace host_ = this_host();
    ScriptPlace inside_;  // of scripts in the VPS
};

void VpsCheck::run() {
    const std::size_t place = checked_.files.size();
    checked_.files.push_back(file_);  // before its scripts
    const std::optional<ConfigText> vz_conf = read(kHostConf, ExitCode::NoVzConf);
    if (const std::optional<ConfigText> text = read(path_of(veid_), ExitCode::NoVpsConf))
        check_start(check_config(vz_conf, *text));
    checked_.files[place] = std::move(file_);
    checked_.verdicts.push_back(std::move(verdict_));
}

std::optional<ConfigText> VpsCheck::read(const std::string& path, ExitCode code) {
    try {
        if (std::optional<ConfigText> found = find_text(root_, path)) {
            check_writers(path);
            return found;
        }
        throw Error(code, "'" + root_ + path + "': no such configuration file");
    } catch (const Error& error) {
        file_.findings.push_back({Grade::Error, 0, 0, {}, error.what()});
        verdict_.refuse(code, error.what());
        return std::nullopt;
    }
}

// Of this host's files only: another's may have been copied by anybody.
void VpsCheck::check_writers(const std::string& path) {
    struct stat file {};
    if (!root_.empty() || stat(path.c_str(), &file) < 0)
        return;
    const std::string why = find_foreign_writer(file);
    if (!why.empty() && checked_.open_ways.insert(path).second)
        file_.findings.push_back(
            {Grade::Warning,
             0,
             0,
             {},
             fmt::format("'{}': {}; who writes it is root of this host", path, why)});
}

VpsConfig VpsCheck::check_config(const std::optional<ConfigText>& vz_conf, const ConfigText& text) {
    CheckedConfig config = check_vps_config(vz_conf, text, veid_);
    file_.rows = std::move(config.rows);
    for (Finding& finding : config.findings)
        file_.findings.push_back(std::move(finding));
    const NetworkSpec network = check_against_host(veid_, config.config, file_);
    compare_network(veid_, network, checked_, file_);
    compare_directories(veid_, config.config, root_, checked_, file_);
    if (root_.empty()) {
        check_network(veid_, network, checked_, file_);
        judge_units(veid_, file_, verdict_);
        check_cut_switch(config.config, file_);
    }
    check_lost_limits(config.config, file_, verdict_);
    check_cluster(veid_, config.config, root_, checked_, file_);
    judge_config(config.config, verdict_);
    if (!config.config.netifs.empty())
        check_external_script(root_, checked_);
    return std::move(config.config);
}

void VpsCheck::check_start(const VpsConfig& config) {
    std::optional<AreaJudge> judge;
    if (config.ve_private)
        judge.emplace(veid_, config, root_, *checked_.host_places, verdict_, file_);
    bool scripts = check_scripts(script::kBeforeMount);
    if (judge) {
        judge->judge_area(scripts, depth_);
        inside_ = place_in_vps(judge->open_files());
    }
    scripts |= check_scripts(script::kAfterMount);
    if (judge)
        judge->judge_content(scripts);
    for (const ScriptKind& kind : script::kAll)
        if (kind.when != script::kBeforeMount && kind.when != script::kAfterMount)
            (void)check_kind(kind);
}

bool VpsCheck::check_kind(const ScriptKind& kind) {
    const bool in_vps = kind.context == ScriptContext::Vps;
    return check_script(kind, veid_, root_, kConfDir, in_vps ? inside_ : host_, checked_,
                        &verdict_);
}

// Returns whether there is any that runs then.
bool VpsCheck::check_scripts(std::string_view when) {
    bool any = false;
    for (const ScriptKind& kind : script::kAll)
        if (kind.when == when)
            any |= check_kind(kind);
    return any;
}

}  // namespace

void check_host(const std::string& root, Checked& checked) {
    CheckedFile file{CheckedFile::Kind::HostConfig, root + kHostConf, {}, {}, {}};
    try {
        if (const std::optional<ConfigText> text = find_text(root, kHostConf)) {
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
            check_script(kind, *Veid::parse("1"), root, kConfDir, host, checked, nullptr);
}

void check_vps(Veid veid, const std::string& root, Checked& checked, Depth depth) {
    VpsCheck(veid, root, checked, depth).run();
}

void check_file(const std::string& path, Checked& checked) {
    const fs::path file(path);
    const std::string name = file.filename().string();
    const std::string dir = file.has_parent_path() ? file.parent_path().string() : ".";
    const std::size_t dot = name.find('.');
    const std::optional<Veid> veid = dot ? Veid::parse(name.substr(0, dot)) : std::nullopt;
    if (name.ends_with(".conf") || name.ends_with(".conf-sample")) {
        const std::optional<ConfigText> text = find_text({}, path);
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
        const std::optional<ConfigText> vz_conf = find_text({}, dir + "/../vz.conf");
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
            if (!check_script(kind, number, {}, dir, this_host(), checked, nullptr))
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

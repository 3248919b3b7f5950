#include "check/check_vps.hh"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "check/check_config.hh"
#include "check/check_script.hh"
#include "config/config_text.hh"
#include "context/become_init.hh"
#include "context/capabilities.hh"
#include "context/device.hh"
#include "files/resolver.hh"
#include "limits/block_device.hh"
#include "limits/cpus_and_nodes.hh"
#include "limits/slice_limits.hh"
#include "network/network_spec.hh"
#include "quota/disk_quota.hh"
#include "script/action_script.hh"
#include "state/id_range.hh"
#include "state/state.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

const std::string kConfDir = "/etc/vz/conf";

void refuse(StartVerdict& verdict, ExitCode code, const std::string& reason) {
    if (verdict.code != ExitCode::Ok)
        return;
    verdict.code = code;
    verdict.reason = reason;
}

// A program of the VPS, looked up as it would find it.
ScriptPlace place_in_vps(const std::string& root, const std::string& area) {
    const auto open_root = [root, area] {
        return sys::find_in_root(sys::open(root + "/", O_PATH | O_DIRECTORY), area,
                                 O_PATH | O_DIRECTORY);
    };
    const auto find = [open_root](const std::string& path) {
        const Fd dir = open_root();
        return dir && sys::find_in_root(dir, path, O_PATH);
    };
    const Fd dir = open_root();
    const Fd sh = dir ? sys::find_in_root(dir, "/bin/sh", O_PATH) : Fd();
    const std::string name =
        sh ? sys::readlink("/proc/self/fd/" + std::to_string(sh.get())) : std::string();
    return {find, name.ends_with("/dash")};
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
        struct stat status {};
        if (fstat(script->file.get(), &status) < 0)
            throw SysError(errno, "look at", path);
        file.findings = check_script_text(kind, sys::read_all(script->file, path, 16 << 20),
                                          status.st_mode, place);
    } catch (const Error& error) {
        file.findings.push_back({Grade::Error, 0, 0, {}, error.what()});
    }
    const bool stops_start = kind.consequence == script::kNotStarted;
    for (const Finding& finding : file.findings)
        if (verdict && stops_start && finding.grade == Grade::Error)
            refuse(*verdict, ExitCode::ScriptFailed,
                   fmt::format("action script '{}': {}", path, finding.text));
    // One for all VPSes is shown once, with vz.conf.
    if (kind.scope == ScriptScope::One || !verdict)
        checked.files.push_back(std::move(file));
    return true;
}

// At the line that sets the key; line 0 where another file does.
Finding find_about(const CheckedFile& file, Grade grade, std::string_view key,
                   const std::string& text) {
    Finding finding{grade, 0, 0, std::string(key), text};
    for (const ConfigRow& row : file.rows)
        if (row.key == key && row.counts) {
            finding.line = row.line;
            finding.column = row.column;
        }
    return finding;
}

// The multi-generational LRU of Linux 6.1 and later keeps MemoryMin= and takes MemoryLow= for a
// hint (mm/vmscan.c, multigen_lru.rst).
bool takes_guarantees_for_hints() {
    constexpr const char* kSwitch = "/sys/kernel/mm/lru_gen/enabled";
    return access(kSwitch, R_OK) == 0 && std::stoul(sys::read_line(kSwitch), nullptr, 0) != 0;
}

// What vz.conf says is found there. Returns the network that is asked for.
NetworkSpec check_against_host(Veid veid, const VpsConfig& config, CheckedFile& file) {
    const auto say = [&](Grade grade, std::string_view key, const std::string& text) {
        if (Finding finding = find_about(file, grade, key, text); finding.line != 0)
            file.findings.push_back(std::move(finding));
    };
    for (const AbsentFromHost& absent : find_absent_cpus_and_nodes(config))
        say(Grade::Error, absent.key, absent.text);
    if (config.vmguarpages && takes_guarantees_for_hints())
        say(Grade::Note, "VMGUARPAGES",
            "this host's kernel takes it for a hint; with n in /sys/kernel/mm/lru_gen/enabled it "
            "is kept");
    std::vector<std::string> problems;
    (void)find_devices(config, problems);
    (void)find_capabilities(config, problems);
    const NetworkSpec network = plan_network(veid, config, {}, problems);
    (void)find_resolver(config, problems);
    for (const std::string& problem : problems)
        say(Grade::Warning, problem.substr(0, problem.find(':')), problem);
    for (const VethSpec& veth : network.veths)
        if (!veth.bridge.empty() &&
            access(("/sys/class/net/" + veth.bridge + "/bridge").c_str(), F_OK) < 0)
            say(Grade::Warning, "NETIF",
                fmt::format("this host has no bridge '{}', which {} wants; without it a start "
                            "is refused",
                            veth.bridge, veth.ifname));
    for (const std::string& device : network.devices)
        if (access(("/sys/class/net/" + device).c_str(), F_OK) < 0)
            say(Grade::Warning, "NETDEV",
                fmt::format("this host has no network device '{}'; without it a start is refused",
                            device));
    return network;
}

// Of two VPSes with one address the second to start is refused.
void compare_addresses(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    for (const IpAddress& address : network.addresses) {
        const auto [holder, is_new] = checked.addresses.try_emplace(address.to_string(), veid);
        if (!is_new && holder->second != veid)
            file.findings.push_back(find_about(
                file, Grade::Warning, "IP_ADDRESS",
                fmt::format("the address {} is VPS {}'s, too: only one of the two can run",
                            address.to_string(), holder->second.to_string())));
    }
}

void judge_masks(const VpsConfig& config, StartVerdict& verdict) {
    try {
        require_cpus_and_nodes(config);
    } catch (const Error& error) {
        refuse(verdict, error.code(), error.what());
    }
}

void judge_config(const VpsConfig& config, StartVerdict& verdict) {
    if (const Diagnostic* refusal = config.refusal())
        refuse(verdict, ExitCode::BadValue, refusal->to_string());
    if (!config.ve_root)
        refuse(verdict, ExitCode::NoVeRoot, "VE_ROOT is not set");
    if (!config.ve_private)
        refuse(verdict, ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    judge_masks(config, verdict);
    if (config.disabled)
        refuse(verdict, ExitCode::Disabled, "is disabled (DISABLED=yes in its configuration)");
    if (config.layout == Layout::Ploop)
        refuse(verdict, ExitCode::Ploop, "the private area is a ploop image");
}

// What a start would come upon, in its order. Scripts are checked in between.
class AreaJudge {
  public:
    AreaJudge(Veid veid, const VpsConfig& config, const std::string& root, StartVerdict& verdict,
              CheckedFile& file)
        : veid_(veid),
          config_(config),
          root_(root),
          shown_(root + *config.ve_private),
          verdict_(verdict),
          file_(file) {}

    // `may_come`: a premount script may bring it.
    void judge_area(bool may_come) {
        attempt(may_come, [&] {
            if (is_this_host() && config_.ve_root)
                judge_root();
            look_for_area(may_come);
            if (area_ && is_this_host())
                judge_disk(may_come);
        });
    }

    // `may_come`: a premount or mount script may bring what is missing.
    void judge_content(bool may_come) {
        attempt(may_come, [&] {
            if (area_)
                look_for_init(may_come);
            struct stat status {};
            if (area_ && config_.userns && fstat(area_.get(), &status) == 0)
                (void)find_shifted_ids(status, config_);
        });
    }

  private:
    // Elsewhere mounts and file systems are not those that the VPS is going to have.
    [[nodiscard]] bool is_this_host() const { return root_.empty(); }

    template <typename Step>
    void attempt(bool may_come, Step step) {
        try {
            step();
        } catch (const Error& error) {
            find(error.code(), may_come, error.what());
        }
    }

    void find(ExitCode code, bool may_come, const std::string& text) {
        file_.findings.push_back({may_come ? Grade::Warning : Grade::Error,
                                  0,
                                  0,
                                  {},
                                  text + (may_come ? ", unless a script mounts it" : "")});
        if (!may_come)
            refuse(verdict_, code, text);
    }

    void look_for_area(bool may_come) {
        area_ = sys::find_in_root(sys::open(root_ + "/", O_PATH | O_DIRECTORY), *config_.ve_private,
                                  O_PATH | O_DIRECTORY);
        if (!area_)
            return find(ExitCode::NoPrivateArea, may_come,
                        fmt::format("the private area '{}' does not exist", shown_));
        if (sys::find_in_root(area_, "/root.hdd/DiskDescriptor.xml", O_PATH))
            return find(ExitCode::Ploop, false,
                        fmt::format("the private area '{}' is a ploop image", shown_));
    }

    void look_for_init(bool may_come) {
        const bool has_init =
            std::any_of(std::begin(kInits), std::end(kInits), [&](const char* path) {
                return static_cast<bool>(sys::find_in_root(area_, path, O_PATH));
            });
        if (!has_init)
            find(ExitCode::NoInit, may_come, fmt::format("there is no init in '{}'", shown_));
    }

    void judge_root() {
        std::error_code absent;
        const std::string path = fs::canonical(*config_.ve_root, absent).string();
        if (!absent && !read_state(veid_) && !mounts_at_or_below(read_mounts(), path).empty())
            find(ExitCode::Mounted, false,
                 fmt::format("something is mounted on '{}' already", path));
    }

    void judge_disk(bool may_come) {
        const DiskQuota quota = plan_disk_quota(config_);
        const auto why =
            quota.limits == ProjectLimits{} ? std::nullopt : find_missing_quota(area_, shown_);
        const bool refused = why && quota.demanded && !may_come;
        if (refused)
            refuse(verdict_, ExitCode::NoDiskQuota, "DISK_QUOTA=yes: " + *why);
        if (why)
            file_.findings.push_back(find_about(file_, refused ? Grade::Error : Grade::Warning,
                                                config_.diskspace ? "DISKSPACE" : "DISKINODES",
                                                *why));
        if (const auto keys = io_limits_of(config_); !keys.empty() && find_disks(shown_).empty())
            for (const std::string_view key : keys)
                file_.findings.push_back(
                    find_about(file_, Grade::Warning, key,
                               fmt::format("{}: {}", key, explain_no_disk(shown_))));
    }

    Veid veid_;
    const VpsConfig& config_;
    std::string root_, shown_;
    StartVerdict& verdict_;
    CheckedFile& file_;
    Fd area_;
};

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
    checked.files.push_back(std::move(file));
    const ScriptPlace host = this_host();
    for (const ScriptKind& kind : script::kAll)
        if (kind.scope == ScriptScope::All)
            check_script(kind, *Veid::parse("1"), root + kConfDir, host, checked, nullptr);
}

void check_vps(Veid veid, const std::string& root, Checked& checked) {
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
            refuse(verdict, code, error.what());
        }
    };
    read(vz_conf, root + "/etc/vz/vz.conf", ExitCode::NoVzConf);
    read(text, file.path, ExitCode::NoVpsConf);
    if (text) {
        CheckedConfig config = check_vps_config(vz_conf, *text, veid);
        file.rows = std::move(config.rows);
        for (Finding& finding : config.findings)
            file.findings.push_back(std::move(finding));
        compare_addresses(veid, check_against_host(veid, config.config, file), checked, file);
        judge_config(config.config, verdict);

        const ScriptPlace host = this_host();
        const ScriptPlace inside =
            config.config.ve_private ? place_in_vps(root, *config.config.ve_private) : host;
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
        if (config.config.ve_private && config.config.layout != Layout::Ploop)
            judge.emplace(veid, config.config, root, verdict, file);
        bool scripts = check_all(script::kBeforeMount);
        if (judge)
            judge->judge_area(scripts);
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
                refuse(verdict, ExitCode::BadValue, refusal->to_string());
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
                    refuse(verdict, ExitCode::ScriptFailed, path + ": " + finding.text);
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

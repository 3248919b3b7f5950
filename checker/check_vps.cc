#include "check_vps.hh"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "action_script.hh"
#include "capabilities.hh"
#include "check_config.hh"
#include "check_script.hh"
#include "config_text.hh"
#include "context_setup.hh"
#include "device.hh"
#include "network_spec.hh"
#include "resolver.hh"
#include "slice_limits.hh"
#include "sys.hh"

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

void check_against_host(Veid veid, const VpsConfig& config, CheckedFile& file) {
    const auto say = [&](const std::string& key, const std::string& text) {
        Finding finding{Grade::Warning, 0, 0, key, text};
        for (const ConfigRow& row : file.rows)
            if (row.key == key && row.counts) {
                finding.line = row.line;
                finding.column = row.column;
            }
        if (finding.line != 0)
            file.findings.push_back(std::move(finding));
    };
    const auto cpus = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_CONF));
    if (config.cpumask && config.cpumask->kind == CpuMask::Kind::List &&
        std::ranges::max(numbers_of(config.cpumask->list)) >= cpus)
        say("CPUMASK", fmt::format("CPUMASK: '{}' names CPUs that this host does not have: it has "
                                   "0 to {}",
                                   config.cpumask->list, cpus - 1));
    if (config.nodemask && config.nodemask->kind == CpuMask::Kind::List &&
        access(fmt::format("/sys/devices/system/node/node{}",
                           std::ranges::max(numbers_of(config.nodemask->list)))
                   .c_str(),
               F_OK) < 0)
        say("NODEMASK", fmt::format("NODEMASK: '{}' names nodes that this host does not have",
                                    config.nodemask->list));
    std::vector<std::string> problems;
    (void)find_devices(config, problems);
    (void)find_capabilities(config, problems);
    (void)plan_network(veid, config, {}, problems);
    (void)find_resolver(config, problems);
    for (const std::string& problem : problems)
        say(problem.substr(0, problem.find(':')), problem);
}

void judge_config(const VpsConfig& config, StartVerdict& verdict) {
    if (const Diagnostic* refusal = config.refusal())
        refuse(verdict, ExitCode::BadValue, refusal->to_string());
    if (!config.ve_root)
        refuse(verdict, ExitCode::NoVeRoot, "VE_ROOT is not set");
    if (!config.ve_private)
        refuse(verdict, ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    if (config.disabled)
        refuse(verdict, ExitCode::Disabled, "is disabled (DISABLED=yes in its configuration)");
    if (config.layout == Layout::Ploop)
        refuse(verdict, ExitCode::Ploop, "the private area is a ploop image");
}

struct AreaScripts {
    bool premount, mount;  // which may bring the private area, or what is in it
};

void judge_area(const VpsConfig& config, const std::string& root, const AreaScripts& scripts,
                StartVerdict& verdict, CheckedFile& file) {
    const auto find = [&](ExitCode code, bool may_come, const std::string& text) {
        file.findings.push_back({may_come ? Grade::Warning : Grade::Error,
                                 0,
                                 0,
                                 {},
                                 text + (may_come ? ", unless a script mounts it" : "")});
        if (!may_come)
            refuse(verdict, code, text);
    };
    if (!config.ve_private || config.layout == Layout::Ploop)
        return;
    const std::string shown = root + *config.ve_private;
    try {
        const Fd area = sys::find_in_root(sys::open(root + "/", O_PATH | O_DIRECTORY),
                                          *config.ve_private, O_PATH | O_DIRECTORY);
        if (!area)
            return find(ExitCode::NoPrivateArea, scripts.premount,
                        fmt::format("the private area '{}' does not exist", shown));
        if (sys::find_in_root(area, "/root.hdd/DiskDescriptor.xml", O_PATH))
            return find(ExitCode::Ploop, false,
                        fmt::format("the private area '{}' is a ploop image", shown));
        const bool has_init =
            std::any_of(std::begin(kInits), std::end(kInits), [&](const char* path) {
                return static_cast<bool>(sys::find_in_root(area, path, O_PATH));
            });
        if (!has_init)
            find(ExitCode::NoInit, scripts.premount || scripts.mount,
                 fmt::format("there is no init in '{}'", shown));
    } catch (const Error& error) {
        find(ExitCode::System, false, error.what());
    }
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

std::vector<Veid> list_vpses(const std::string& root) {
    std::vector<Veid> veids;
    const std::string dir = root + kConfDir;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(dir, failure)) {
        const fs::path name = entry.path().filename();
        if (name.extension() == ".conf")
            if (const std::optional<Veid> veid = Veid::parse(name.stem().string()))
                veids.push_back(*veid);
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
        throw SysError(failure.value(), "open", dir);
    std::sort(veids.begin(), veids.end());
    return veids;
}

void check_host(const std::string& root, Checked& checked) {
    CheckedFile file{CheckedFile::Kind::HostConfig, root + "/etc/vz/vz.conf", {}, {}, {}};
    try {
        if (const std::optional<ConfigText> text = find_text(file.path)) {
            CheckedConfig config = check_host_config(*text);
            file.rows = std::move(config.rows);
            file.findings = std::move(config.findings);
            check_against_host(*Veid::parse("1"), config.config, file);
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
        check_against_host(veid, config.config, file);
        judge_config(config.config, verdict);

        const ScriptPlace host = this_host();
        const ScriptPlace inside =
            config.config.ve_private ? place_in_vps(root, *config.config.ve_private) : host;
        AreaScripts scripts{false, false};
        const auto check_here = [&](const ScriptKind& kind) {
            const bool in_vps = kind.context == ScriptContext::Vps;
            return check_script(kind, veid, dir, in_vps ? inside : host, checked, &verdict);
        };
        for (const ScriptKind& kind : script::kAll)
            if (kind.when == script::kBeforeMount)
                scripts.premount |= check_here(kind);
        // A mount script counts for what is in the area, and is checked after it is there.
        for (const ScriptKind& kind : {script::kGlobalMount, script::kMount})
            scripts.mount |= access((dir + "/" + kind.name(veid)).c_str(), F_OK) == 0;
        judge_area(config.config, root, scripts, verdict, file);
        for (const ScriptKind& kind : script::kAll)
            if (kind.when != script::kBeforeMount)
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
        check_against_host(number, config.config, checked.files.back());
        StartVerdict verdict{number, ExitCode::Ok, {}};
        if (vz_conf)
            judge_config(config.config, verdict);
        else if (const Diagnostic* refusal = config.config.refusal())
            refuse(verdict, ExitCode::BadValue, refusal->to_string());
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

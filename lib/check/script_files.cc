#include "check/script_files.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <utility>

#include "config/vznet_conf.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"
#include "sys/sys.hh"

namespace vps {

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
static std::vector<Finding> check_open_script(const ScriptKind& kind, const ActionScript& script,
                                              const std::string& path, const ScriptPlace& place) {
    struct stat status {};
    if (fstat(script.file.get(), &status) < 0)
        throw SysError(errno, "look at", path);
    return check_script_text(kind, read_script(script), status.st_mode, place);
}

// A link leads below `root`, where its own error would not tell it from one that is not there.
static std::optional<ActionScript> find_script_below(const ScriptKind& kind, Veid veid,
                                                     const std::string& root,
                                                     const std::string& dir) {
    const std::string name = kind.name(veid), found = find_below(root, dir + "/" + name);
    std::optional<ActionScript> script = find_script(kind, name, found);
    struct stat link {};
    if (!script && lstat((find_below(root, dir) + "/" + name).c_str(), &link) == 0)
        fail_script(kind, root + dir + "/" + name,
                    fmt::format("is a link to '{}', which does not exist", found));
    return script;
}

bool check_script(const ScriptKind& kind, Veid veid, const std::string& root,
                  const std::string& dir, const ScriptPlace& place, Checked& checked,
                  StartVerdict* verdict) {
    const std::string path = root + dir + "/" + kind.name(veid);
    CheckedFile file{CheckedFile::Kind::Script, path, {}, {}, {}};
    if (kind.scope == ScriptScope::One)
        file.veid = veid;
    try {
        const std::optional<ActionScript> script = find_script_below(kind, veid, root, dir);
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
        if (const auto script = find_script(kKind, "vznet", find_below(root, name))) {
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

}  // namespace vps

#include "config/config.hh"

#include <fcntl.h>

#include <algorithm>

#include "config/config_draft.hh"
#include "config/config_text.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"

namespace vps {

std::string Diagnostic::to_string() const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + text;
}

const Diagnostic* VpsConfig::refusal() const {
    const auto found = std::find_if(
        diagnostics.begin(), diagnostics.end(),
        [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::Refusal; });
    return found == diagnostics.end() ? nullptr : &*found;
}

bool wants_network(const VpsConfig& config) {
    return !config.addresses.empty() || !config.netifs.empty() || !config.netdevs.empty();
}

const std::string* VpsConfig::find_other(std::string_view key) const {
    const auto found = std::find_if(others.rbegin(), others.rend(),
                                    [&](const Setting& setting) { return setting.key == key; });
    return found == others.rend() ? nullptr : &found->value;
}

std::string VpsConfig::tell(const ConfigProblem& problem) const {
    const auto place = places.find(problem.key);
    return (place == places.end() ? "" : place->second + ": ") + std::string(problem.key) + ": " +
           problem.text;
}

static std::string explain_absence(const std::string& path) {
    const std::vector<std::string> places = FollowedLinks().of(path);
    return "'" + path + "': no such configuration file" +
           (places.empty() ? "" : "; symbolic links lead to '" + places.back() + "'");
}

static std::string read_or_throw(const std::string& path, ExitCode code) {
    try {
        return read_config_text(AT_FDCWD, path.c_str(), path);
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT)
            throw Error(code, explain_absence(path));
        throw SysError(error.errnum(), "read", path, code);
    } catch (const Error& error) {
        throw Error(code, error.what());
    }
}

VpsConfig load_vps_config(Veid veid, const std::string& dir) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Host, dir + "/vz.conf", read_host_conf(dir));
    const auto vps_conf = dir + "/conf/" + veid.to_string() + ".conf";
    draft.read(ConfigFile::Vps, vps_conf, read_or_throw(vps_conf, ExitCode::NoVpsConf));
    return std::move(draft).finish(veid);
}

std::string read_host_conf(const std::string& dir) {
    return read_or_throw(dir + "/vz.conf", ExitCode::NoVzConf);
}

}  // namespace vps

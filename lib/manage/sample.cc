#include "manage/sample.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "config/config_line.hh"
#include "config/vps_name.hh"
#include "manage/call.hh"
#include "manage/set_option.hh"
#include "manage/vzctl_code.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::array<std::string_view, 8> kOfOne{"VE_ROOT",  "VE_PRIVATE",  "OSTEMPLATE",
                                                 "HOSTNAME", "DESCRIPTION", "IP_ADDRESS",
                                                 "NAME",     "DISTRIBUTION"};

bool is_set(const std::vector<ConfigChange>& changes, std::string_view key) {
    return std::any_of(changes.begin(), changes.end(),
                       [&](const ConfigChange& change) { return change.key == key; });
}

}  // namespace

std::string read_sample(const std::string& name, int code) {
    const std::string path = fmt::format("/etc/vz/conf/ve-{}.conf-sample", name);
    if (!is_link_name(name) || access(path.c_str(), F_OK) < 0)
        throw Complaint(ExitCode{code}, fmt::format("Sample config file not found: {}", path));
    return sys::read_file(path);
}

void add_sample(std::vector<ConfigChange>& changes, const std::string& name) {
    const std::string text = read_sample(name, static_cast<int>(vzctl_code::kNoSample));
    ConfigLines lines(text);
    for (ConfigLine line{}; lines.next(line);)
        if (!line.trouble && !is_set(changes, line.key) &&
            std::find(kOfOne.begin(), kOfOne.end(), line.key) == kOfOne.end()) {
            changes.push_back({std::string(line.key), std::string(line.value)});
            require_usable("applyconfig", changes.back());
        }
    if (!is_set(changes, "ORIGIN_SAMPLE"))
        changes.push_back({"ORIGIN_SAMPLE", name});
}

}  // namespace vps

#include "list/configurations.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "config/config_text.hh"
#include "sys/error.hh"

namespace vps {

namespace {

// Keys that are shown as they were written, beside those of beancounters.
constexpr std::string_view kShownTexts[]{"MOUNT_OPTS",    "ORIGIN_SAMPLE", "OSTEMPLATE", "FEATURES",
                                         "VM_OVERCOMMIT", "NETFILTER",     "CAPABILITY"};

bool is_shown_text(std::string_view key) {
    return std::find(std::begin(kShownTexts), std::end(kShownTexts), key) !=
               std::end(kShownTexts) ||
           std::any_of(kCounters.begin(), kCounters.end(),
                       [&](const CounterName& counter) { return counter.key == key; });
}

}  // namespace

Configurations::Configurations(const std::string& dir, bool texts)
    : dir_(dir), host_(texts ? ConfigDraft::Detail::Lines : ConfigDraft::Detail::Boot) {
    try {
        host_.read(ConfigFile::Host, dir + "/vz.conf",
                   read_config_text(AT_FDCWD, (dir + "/vz.conf").c_str(), dir + "/vz.conf"));
    } catch (const Error&) {
        // VPSes are listed without it, too; their starts tell it.
    }
}

void Configurations::read(ListedVps& vps) const {
    ConfigDraft draft = host_;
    const std::string path = fmt::format("{}/conf/{}.conf", dir_, vps.veid.value());
    try {
        draft.read(ConfigFile::Vps, path, read_config_text(AT_FDCWD, path.c_str(), path));
    } catch (const Error&) {
        // It runs still, though its file is gone.
    }
    for (const ReadLine& line : draft.lines())
        if (line.key && line.fate == ReadLine::Fate::Counts && is_shown_text(line.key->name))
            vps.texts[line.key->name] = line.value;
    vps.config = std::move(draft).finish(vps.veid);
}

}  // namespace vps

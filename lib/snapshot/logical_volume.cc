#include "snapshot/logical_volume.hh"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "sys/error.hh"
#include "sys/split.hh"

namespace vps {

namespace {

// Neither names nor tags of LVM have it in them (lvm(8)).
constexpr char kSeparator = '|';
constexpr const char* kFields =
    "vg_name,vg_uuid,lv_name,lv_uuid,segtype,lv_tags,lv_read_ahead,lv_path,lv_dm_path,"
    "lv_skip_activation";
constexpr std::size_t kFieldCount = 10;

constexpr std::string_view kTag = "systemd-vps=";
constexpr std::string_view kExchanged = "-was";

std::string with_dashes(std::string_view id) {
    std::string text(id);
    for (const std::size_t at : {6U, 11U, 16U, 21U, 26U, 31U})
        text.insert(at, 1, '-');
    return text;
}

// In the names of device mapper's devices a dash parts group and volume; one in a name is doubled.
std::string in_dm_name(std::string_view name) {
    std::string text;
    for (const char c : name)
        text.append(c == '-' ? 2 : 1, c);
    return text;
}

}  // namespace

bool LogicalVolume::has_tag(std::string_view tag) const {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

std::vector<std::string> words_to_list_volumes() {
    return {"--noheadings", "--separator", std::string(1, kSeparator),
            "--units",      "s",           "--nosuffix",
            "--binary",     "-o",          kFields};
}

std::vector<LogicalVolume> parse_logical_volumes(const std::string& lines) {
    std::vector<LogicalVolume> volumes;
    std::istringstream text(lines);
    for (std::string line; std::getline(text, line);) {
        line.erase(0, line.find_first_not_of(' '));
        if (line.empty())
            continue;
        const std::vector<std::string_view> parts = split(line, kSeparator);
        const std::vector<std::string> fields(parts.begin(), parts.end());
        if (fields.size() != kFieldCount)
            throw Error(ExitCode::System,
                        fmt::format("lvs has printed a line that is not known: '{}'", line));
        LogicalVolume volume{.group = fields[0],
                             .group_id = fields[1],
                             .name = fields[2],
                             .id = fields[3],
                             .type = fields[4],
                             .tags = {},
                             .read_ahead = fields[6],
                             .path = fields[7],
                             .dm_path = fields[8],
                             .is_skipped = fields[9] == "1"};
        if (!fields[5].empty())
            for (const std::string_view tag : split(fields[5], ','))
                volume.tags.emplace_back(tag);
        // One of several segments has as many lines.
        if (volumes.empty() || volumes.back().id != volume.id)
            volumes.push_back(std::move(volume));
    }
    return volumes;
}

LvmIds parse_dm_uuid(std::string_view uuid) {
    constexpr std::string_view kLvm = "LVM-";
    constexpr std::size_t kId = 32;
    if (!uuid.starts_with(kLvm) || uuid.size() != kLvm.size() + 2 * kId)
        return {};
    uuid.remove_prefix(kLvm.size());
    return {with_dashes(uuid.substr(0, kId)), with_dashes(uuid.substr(kId))};
}

std::string tag_of_note(std::string_view uuid) {
    return std::string(kTag).append(uuid);
}

bool is_tag_of_ours(std::string_view tag) {
    return tag.starts_with(kTag);
}

std::string name_in_exchange(const std::string& note_name) {
    return std::string(note_name).append(kExchanged);
}

bool is_name_of_note(std::string_view volume, const std::string& note_name) {
    return volume == note_name || volume == name_in_exchange(note_name);
}

bool is_dm_name_of_note(std::string_view dm_name, const std::string& note_name) {
    // A single dash before it ends the group's name.
    for (const std::string& name : {note_name, name_in_exchange(note_name)}) {
        const std::string end = "-" + in_dm_name(name);
        if (dm_name.ends_with(end) &&
            !dm_name.substr(0, dm_name.size() - end.size()).ends_with('-'))
            return true;
    }
    return false;
}

}  // namespace vps

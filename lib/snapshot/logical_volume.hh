// Logical volumes of LVM as data: what lvs(8) prints, the names and the tags that we give, and
// which of the volumes are ours. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vps {

struct LogicalVolume {
    std::string group, group_id;  // of its volume group: the name, and the uuid
    std::string name, id;         // likewise
    std::string type;             // of its first segment: "thin", "linear"
    std::vector<std::string> tags;
    std::string read_ahead;   // "auto", or sectors
    std::string path;         // "/dev/vg/vps-101"
    std::string dm_path;      // what device mapper calls it: "/dev/mapper/vg-vps--101"
    bool is_skipped = false;  // when the host activates its volumes

    [[nodiscard]] std::string full_name() const { return group + "/" + name; }
    [[nodiscard]] bool has_tag(std::string_view tag) const;
    bool operator==(const LogicalVolume&) const = default;
};

// The words behind "lvs" for lines that parse_logical_volumes() reads; and the volumes, each once.
// Throws Error System for a line that is none.
std::vector<std::string> words_to_list_volumes();
std::vector<LogicalVolume> parse_logical_volumes(const std::string& lines);

// The uuids of volume group and volume, with LVM's dashes, that a device has by the uuid which
// device mapper knows; both empty for a device that is not LVM's, or no whole volume.
struct LvmIds {
    std::string group, volume;
};
LvmIds parse_dm_uuid(std::string_view uuid);

// The tag of the volume of a note; its name, or the one that it has once two have been exchanged.
std::string tag_of_note(std::string_view uuid);
bool is_tag_of_ours(std::string_view tag);
std::string name_in_exchange(const std::string& note_name);
bool is_name_of_note(std::string_view volume, const std::string& note_name);

// Whether a device of device mapper has, by its name, a volume of this name of LVM's.
bool is_dm_name_of_note(std::string_view dm_name, const std::string& note_name);

}  // namespace vps

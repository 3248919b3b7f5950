// Datasets of ZFS as data: what zfs(8) prints of them, the names and the marks that we give, and
// what a clone has to be given. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snapshot/volume.hh"

namespace vps {

// Properties of ours, which mean nothing to ZFS (zfsprops(7), user properties). The mark has the
// uuid of the note that a snapshot or a dataset is made for, or "kept:" before it for a dataset
// whose note has gone, but not all of its snapshots. The other one is the value of "canmount" that
// a dataset has as the area, while it is not.
inline constexpr const char *kMarkProperty = "systemd-vps:mark",
                            *kCanmountProperty = "systemd-vps:canmount";

struct Dataset {
    std::string name;  // "tank/private/101"
    std::string guid;  // of its own for ever, whatever it is called
    std::string canmount;
    std::string origin;               // the snapshot that it is a clone of; empty: none
    std::string mark, area_canmount;  // empty: none
    bool operator==(const Dataset&) const = default;
};

// The lines of what zfs(8) prints.
std::vector<std::string> lines_of(std::string_view printed);

// The words behind "zfs" for lines that parse_datasets() reads, of a dataset and all directly in
// it; and the datasets. Throws Error System for a line that is none.
std::vector<std::string> words_to_list_datasets(const std::string& top);
std::vector<Dataset> parse_datasets(const std::string& lines);

// "tank/private" and "101" of "tank/private/101"; "tank" has no parent.
std::string parent_of_dataset(const std::string& name);
std::string last_of_dataset(const std::string& name);

// The dataset of a note has its name, or this one once two have been exchanged.
std::string other_name_of(const std::string& note_name);

// Whether it is the dataset of the note, by its name and by its mark.
bool is_of_note(const Dataset& dataset, const VolumeNote& note);

// Whether it is one of ours beside the area that the note is for, by name and mark, with whatever
// uuid; the mark of one that is kept, and whether it is one.
bool is_beside(const Dataset& dataset, const VolumeNote& note);
std::string mark_of_kept(const std::string& uuid);
bool is_kept(const Dataset& dataset);

// The words "-o", "KEY=VALUE" that give a clone what is set on a dataset, from the lines of
// "zfs get -Hp -s local,received -o property,value all". What a clone cannot have otherwise, and
// "canmount", is left out, as are our own properties.
std::vector<std::string> words_for_properties(const std::string& lines);

// The options of a mount that mount(8) takes for any file system: "rw,nosuid". What else there is
// follows from the dataset.
std::string options_of_mount(const std::string& options);

}  // namespace vps

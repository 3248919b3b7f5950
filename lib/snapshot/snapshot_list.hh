// The list of a VPS's snapshots as data, and its file: which snapshot grew from which, and from
// which one the private area has grown. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vps {

struct Snapshot {
    std::string uuid;    // "{fbcdf284-5345-416b-a589-7b5fcaa87673}"
    std::string parent;  // likewise; empty: none
    std::string date;    // "2026-11-30 09:15:00", the host's time
    std::string name, description;
    bool operator==(const Snapshot&) const = default;
};

struct SnapshotList {
    std::vector<Snapshot> snapshots;  // the oldest first
    std::string current;              // the uuid that the private area has grown from; empty: none

    [[nodiscard]] const Snapshot* find(std::string_view uuid) const;
    // The snapshot's parent is the one that was current, and it is current itself from then on.
    void add(Snapshot snapshot);
    // What grew from the snapshot has its parent as parent then.
    void remove(const std::string& uuid);
    bool operator==(const SnapshotList&) const = default;
};

// The uuid with braces, as vzctl prints it, from a word with or without them; nothing for a word
// that is none. Letters keep their case.
std::optional<std::string> parse_uuid(std::string_view word);

// The name of the snapshot's directory.
std::string without_braces(const std::string& uuid);

// The text of the list's file, and back. Throws Error System for a text of a version that is not
// known, and for one that is broken. The current one is the last line, so that a text that is cut
// short is known wherever the cut is; in texts of older versions it is the first one.
std::string format_snapshot_list(const SnapshotList& list);
SnapshotList parse_snapshot_list(const std::string& text);

}  // namespace vps

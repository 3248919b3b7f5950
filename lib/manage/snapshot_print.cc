#include "manage/snapshot_print.hh"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <iterator>

#include "manage/snapshot_area.hh"
#include "manage/vzctl_code.hh"
#include "sys/streams.hh"

namespace vps {

namespace {

// What a field is printed from.
struct Row {
    const Snapshot& snapshot;
    bool is_current;
    SnapshotMount mount;
};

struct Field {
    const char *name, *header;
    int width;
    std::string (*text)(const Row& row);
};

std::string uuid_of(const Row& row) {
    return row.snapshot.uuid;
}

std::string parent_of(const Row& row) {
    return row.snapshot.parent;
}

constexpr Field kFields[]{
    {"uuid", "UUID", 38, uuid_of},
    {"id", "UUID", 38, uuid_of},
    {"parent_uuid", "PARENT_UUID", 38, parent_of},
    {"parent_id", "PARENT_UUID", 38, parent_of},
    {"current", "C", 1, [](const Row& row) { return std::string(row.is_current ? "*" : ""); }},
    {"date", "DATE", 19, [](const Row& row) { return row.snapshot.date; }},
    {"name", "NAME", 32, [](const Row& row) { return row.snapshot.name; }},
    {"desc", "DESC", 32, [](const Row& row) { return row.snapshot.description; }},
    {"device", "DEVICE", 16, [](const Row& row) { return row.mount.device; }},
    {"target", "TARGET", 32, [](const Row& row) { return row.mount.target; }},
};

constexpr std::string_view kUsual = "parent_uuid,current,uuid,date,name";

ExitCode print_names() {
    std::string text;
    for (const Field& field : kFields)
        text += fmt::format("{:<15} {:<15}\n", field.name, field.header);
    sys::print(text);
    return ExitCode::Ok;
}

std::vector<const Field*> parse_fields(std::string_view words) {
    std::vector<const Field*> fields;
    while (!words.empty()) {
        const std::string word(words.substr(0, words.find(',')));
        words.remove_prefix(std::min(word.size() + 1, words.size()));
        const auto* field = std::find_if(
            std::begin(kFields), std::end(kFields),
            [&](const Field& known) { return strcasecmp(known.name, word.c_str()) == 0; });
        if (field == std::end(kFields))
            throw Complaint(ExitCode::BadValue, fmt::format("Unknown field: {}", word));
        fields.push_back(field);
    }
    return fields;
}

// A snapshot and what it grew from, or all.
std::vector<const Snapshot*> choose(const SnapshotList& list,
                                    const std::optional<std::string>& uuid) {
    std::vector<const Snapshot*> chosen;
    if (!uuid) {
        for (const Snapshot& snapshot : list.snapshots)
            chosen.push_back(&snapshot);
        return chosen;
    }
    if (!list.find(*uuid))
        throw Complaint(ExitCode::BadValue, fmt::format("Can't find snapshot by uuid {}", *uuid));
    for (const Snapshot* snapshot = list.find(*uuid);
         snapshot && chosen.size() <= list.snapshots.size(); snapshot = list.find(snapshot->parent))
        chosen.push_back(snapshot);
    return chosen;
}

std::string header_of(const std::vector<const Field*>& fields) {
    std::string line;
    for (const Field* field : fields)
        line += fmt::format("{}{:<{}}", line.empty() ? "" : " ", field->header, field->width);
    return line + "\n";
}

// The last column is not filled up.
std::string line_of(const std::vector<const Field*>& fields, const Row& row) {
    std::string line;
    for (const Field* field : fields) {
        const std::string text = printable(field->text(row));
        line += field == fields.back() ? text + "\n" : fmt::format("{:<{}} ", text, field->width);
    }
    return line;
}

}  // namespace

ExitCode snapshot_list_verb(const Call& call) {
    if (call.given.has("list"))
        return print_names();
    const std::optional<std::string> uuid = given_uuid(call);
    const std::vector<const Field*> fields =
        parse_fields(call.given.has("output") ? given_value(call, "output") : std::string(kUsual));
    const SnapshotArea subject = find_snapshot_area(call.veid);
    const SnapshotList list = as_vzctl("Failed to list snapshots", vzctl_code::kSnapshotList,
                                       [&] { return read_snapshots(subject.area); });
    std::string text = call.given.has("no-header") ? "" : header_of(fields);
    for (const Snapshot* snapshot : choose(list, uuid)) {
        const std::vector<SnapshotMount> mounts =
            find_snapshot_mounts(place_of_snapshot(subject.area, snapshot->uuid), subject.kind);
        text += line_of(fields, {*snapshot, snapshot->uuid == list.current,
                                 mounts.empty() ? SnapshotMount{} : mounts.front()});
    }
    sys::print(text);
    return ExitCode::Ok;
}

}  // namespace vps

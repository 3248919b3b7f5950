#include "snapshot/snapshot_list.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <sstream>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::string_view kVersion = "version=1", kCurrent = "current=";

constexpr struct {
    std::string_view key;
    std::string Snapshot::*member;
} kFields[]{{"uuid", &Snapshot::uuid},
            {"parent", &Snapshot::parent},
            {"date", &Snapshot::date},
            {"name", &Snapshot::name},
            {"description", &Snapshot::description}};

// A value takes one line.
std::string escape(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (c == '\\' || c == '\n')
            text += '\\';
        text += c == '\n' ? 'n' : c;
    }
    return text;
}

std::string unescape(std::string_view text) {
    std::string value;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escaped = text[at] == '\\' && at + 1 < text.size();
        if (escaped)
            ++at;
        value += escaped && text[at] == 'n' ? '\n' : text[at];
    }
    return value;
}

void take_line(SnapshotList& list, const std::string& line) {
    const std::size_t equals = line.find('=');
    const std::string key = line.substr(0, equals);
    const std::string value = equals == line.npos ? "" : unescape(line.substr(equals + 1));
    if (key == "current") {
        list.current = value;
        return;
    }
    const auto* field = std::find_if(std::begin(kFields), std::end(kFields),
                                     [&](const auto& known) { return known.key == key; });
    const bool is_known = equals != line.npos && field != std::end(kFields);
    if (key == "uuid")
        list.snapshots.emplace_back();
    const bool is_uuid = key == "uuid" || (key == "parent" && !value.empty());
    if (!is_known || list.snapshots.empty() || (is_uuid && parse_uuid(value) != value))
        throw Error(ExitCode::System,
                    fmt::format("the list of snapshots has a line that is none: '{}'", line));
    list.snapshots.back().*(field->member) = value;
}

}  // namespace

const Snapshot* SnapshotList::find(std::string_view uuid) const {
    const auto found =
        std::find_if(snapshots.begin(), snapshots.end(),
                     [&](const Snapshot& snapshot) { return snapshot.uuid == uuid; });
    return found == snapshots.end() ? nullptr : &*found;
}

void SnapshotList::add(Snapshot snapshot) {
    snapshot.parent = current;
    current = snapshot.uuid;
    snapshots.push_back(std::move(snapshot));
}

void SnapshotList::remove(const std::string& uuid) {
    const Snapshot* found = find(uuid);
    if (!found)
        return;
    const std::string parent = found->parent;
    std::erase_if(snapshots, [&](const Snapshot& snapshot) { return snapshot.uuid == uuid; });
    for (Snapshot& snapshot : snapshots)
        if (snapshot.parent == uuid)
            snapshot.parent = parent;
    if (current == uuid)
        current = parent;
}

std::optional<std::string> parse_uuid(std::string_view word) {
    constexpr std::size_t kLength = 36;
    if (word.starts_with('{'))
        word.remove_prefix(1);
    if (word.ends_with('}'))
        word.remove_suffix(1);
    if (word.size() != kLength)
        return std::nullopt;
    for (std::size_t at = 0; at < kLength; ++at) {
        const bool is_hyphen = at == 8 || at == 13 || at == 18 || at == 23;
        if (is_hyphen ? word[at] != '-' : std::isxdigit(static_cast<unsigned char>(word[at])) == 0)
            return std::nullopt;
    }
    return fmt::format("{{{}}}", word);
}

std::string without_braces(const std::string& uuid) {
    return uuid.substr(1, uuid.size() - 2);
}

std::string format_snapshot_list(const SnapshotList& list) {
    std::string text = fmt::format("{}\n", kVersion);
    for (const Snapshot& snapshot : list.snapshots)
        for (const auto& field : kFields)
            text += fmt::format("{}={}\n", field.key, escape(snapshot.*field.member));
    return text + fmt::format("{}{}\n", kCurrent, list.current);
}

SnapshotList parse_snapshot_list(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    if (!std::getline(lines, line) || line != kVersion)
        throw Error(ExitCode::System,
                    fmt::format("the list of snapshots begins with '{}' and not with '{}': a later "
                                "version of the program wrote it, or another one has changed it",
                                line, kVersion));
    SnapshotList list;
    std::size_t fields = 0;
    bool has_current = false;
    while (std::getline(lines, line)) {
        take_line(list, line);
        if (line.starts_with(kCurrent))
            has_current = true;
        else
            ++fields;
    }
    // Who changes the snapshots removes what the list does not name.
    if (!text.ends_with('\n') || !has_current ||
        fields != list.snapshots.size() * std::size(kFields) ||
        (!list.current.empty() && !list.find(list.current)))
        throw Error(ExitCode::System, "the list of snapshots is cut short");
    return list;
}

}  // namespace vps

#include "snapshot/dataset_list.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "sys/error.hh"
#include "sys/split.hh"

namespace vps {

namespace {

constexpr std::size_t kUuid = 36;  // characters
constexpr std::string_view kKept = "kept:";

struct Column {
    const char* property;
    std::string Dataset::*member;
};

constexpr Column kColumns[]{
    {"name", &Dataset::name},         {"guid", &Dataset::guid},
    {"canmount", &Dataset::canmount}, {"origin", &Dataset::origin},
    {kMarkProperty, &Dataset::mark},  {kCanmountProperty, &Dataset::area_canmount},
};

// Of the creation of a file system, which a clone has from its origin, and what is told otherwise.
constexpr std::string_view kNotForClones[]{
    "canmount",    "casesensitivity", "encryption", "keyformat",    "keylocation", "normalization",
    "pbkdf2iters", "utf8only",        "version",    "volblocksize", "volsize",
};

constexpr std::string_view kMountOptions[]{
    "ro",      "rw",         "nosuid",   "nodev",       "noexec",
    "noatime", "nodiratime", "relatime", "strictatime", "sync",
};

template <typename Range, typename Value>
bool holds(const Range& range, const Value& value) {
    return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

bool is_for_clones(std::string_view property) {
    return !property.starts_with("systemd-vps:") && !holds(kNotForClones, property);
}

// "vps-101-" of "vps-101-fbcdf284-5345-416b-a589-7b5fcaa87673".
std::string_view label_of(std::string_view note_name) {
    return note_name.substr(0, note_name.size() - std::min(note_name.size(), kUuid));
}

}  // namespace

std::vector<std::string> lines_of(std::string_view printed) {
    if (printed.empty())
        return {};
    const std::vector<std::string_view> lines =
        split(printed.substr(0, printed.size() - (printed.ends_with('\n') ? 1 : 0)), '\n');
    return {lines.begin(), lines.end()};
}

std::vector<std::string> words_to_list_datasets(const std::string& top) {
    std::string columns;
    for (const Column& column : kColumns)
        columns += fmt::format("{}{}", columns.empty() ? "" : ",", column.property);
    return {"list", "-Hp", "-t", "filesystem,volume", "-d", "1", "-o", columns, top};
}

std::vector<Dataset> parse_datasets(const std::string& lines) {
    std::vector<Dataset> datasets;
    for (const std::string& line : lines_of(lines)) {
        const std::vector<std::string_view> values = split(line, '\t');
        if (values.size() != std::size(kColumns))
            throw Error(ExitCode::System, fmt::format("zfs list: '{}' is no dataset", line));
        Dataset dataset;
        for (std::size_t at = 0; at < values.size(); ++at)
            if (values[at] != "-")
                dataset.*(kColumns[at].member) = values[at];
        datasets.push_back(std::move(dataset));
    }
    return datasets;
}

std::string parent_of_dataset(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string::npos ? "" : name.substr(0, slash);
}

std::string last_of_dataset(const std::string& name) {
    return name.substr(name.rfind('/') + 1);
}

std::string other_name_of(const std::string& note_name) {
    return note_name + ".exchanged";
}

bool is_of_note(const Dataset& dataset, const VolumeNote& note) {
    const std::string name = last_of_dataset(dataset.name);
    return dataset.mark == note.uuid && (name == note.name || name == other_name_of(note.name));
}

bool is_beside(const Dataset& dataset, const VolumeNote& note) {
    const std::string name = last_of_dataset(dataset.name);
    const std::string_view label = label_of(note.name);
    if (!name.starts_with(label))
        return false;
    const std::string uuid = name.substr(label.size(), kUuid);
    return uuid.size() == kUuid && (dataset.mark == uuid || dataset.mark == mark_of_kept(uuid));
}

std::string mark_of_kept(const std::string& uuid) {
    return fmt::format("{}{}", kKept, uuid);
}

bool is_kept(const Dataset& dataset) {
    return dataset.mark.starts_with(kKept);
}

std::vector<std::string> words_for_properties(const std::string& lines) {
    std::vector<std::string> words;
    bool is_taken = false;
    for (const std::string& line : lines_of(lines)) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string::npos && is_taken)
            words.back() += "\n" + line;  // of a property of the administrator's
        if (tab == std::string::npos)
            continue;
        is_taken = is_for_clones(line.substr(0, tab));
        if (is_taken)
            words.insert(words.end(),
                         {"-o", fmt::format("{}={}", line.substr(0, tab), line.substr(tab + 1))});
    }
    return words;
}

std::string options_of_mount(const std::string& options) {
    std::vector<std::string_view> words = split(options, ',');
    std::erase_if(words, [](std::string_view word) { return !holds(kMountOptions, word); });
    return fmt::format("{}", fmt::join(words, ","));
}

}  // namespace vps

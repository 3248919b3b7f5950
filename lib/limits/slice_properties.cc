#include "limits/slice_properties.hh"

#include <algorithm>
#include <sstream>

#include "systemd/system_bus.hh"

namespace vps {

namespace {

void append_limit(sd_bus_message* m, const LimitSetting& setting, const LimitValue& value) {
    constexpr const char* kWhat = "fill bus message";
    const char* type = type_of(setting.kind);
    check(sd_bus_message_open_container(m, 'r', "sv"), kWhat);
    check(sd_bus_message_append(m, "s", setting.property), kWhat);
    check(sd_bus_message_open_container(m, 'v', type), kWhat);
    if (const auto* amount = std::get_if<std::uint64_t>(&value)) {
        check(sd_bus_message_append(m, "t", *amount), kWhat);
    } else if (const auto* bitmap = std::get_if<std::vector<std::uint8_t>>(&value)) {
        check(sd_bus_message_append_array(m, 'y', bitmap->data(), bitmap->size()), kWhat);
    } else {
        check(sd_bus_message_open_container(m, 'a', "(st)"), kWhat);
        for (const auto& [path, number] : std::get<ByPath>(value))
            check(sd_bus_message_append(m, "(st)", path.c_str(), number), kWhat);
        check(sd_bus_message_close_container(m), kWhat);
    }
    check(sd_bus_message_close_container(m), kWhat);
    check(sd_bus_message_close_container(m), kWhat);
}

std::vector<std::string> read_strings(sd_bus_message* m, const char* what) {
    std::vector<std::string> strings;
    check(sd_bus_message_enter_container(m, 'a', "s"), what);
    const char* string = nullptr;
    while (sd_bus_message_read(m, "s", &string) > 0)
        strings.emplace_back(string);
    check(sd_bus_message_exit_container(m), what);
    return strings;
}

// Reads a property into `slice`; false for a property of no interest, which is left unread.
bool read_property(sd_bus_message* m, std::string_view name, LoadedSlice& slice) {
    const auto setting =
        std::find_if(kLimitSettings.begin(), kLimitSettings.end(),
                     [&](const LimitSetting& row) { return name == row.property; });
    const char* type = setting != kLimitSettings.end() ? type_of(setting->kind)
                       : name == "FragmentPath"        ? "s"
                       : name == "DropInPaths"         ? "as"
                                                       : nullptr;
    if (!type)
        return false;
    constexpr const char* kWhat = "read the slice's properties";
    check(sd_bus_message_enter_container(m, 'v', type), kWhat);
    if (setting != kLimitSettings.end()) {
        slice.limits[setting] = read_limit(m, *setting);
    } else if (name == "DropInPaths") {
        slice.drop_ins = read_strings(m, kWhat);
    } else {
        const char* path = nullptr;
        check(sd_bus_message_read(m, "s", &path), kWhat);
        slice.fragment = path;
    }
    check(sd_bus_message_exit_container(m), kWhat);
    return true;
}

}  // namespace

std::vector<std::uint8_t> bitmap_of(const std::string& list) {
    std::vector<std::uint8_t> bitmap;
    for (const unsigned number : numbers_of(list)) {
        bitmap.resize(std::max<std::size_t>(bitmap.size(), number / 8 + 1));
        bitmap[number / 8] |= static_cast<std::uint8_t>(1U << number % 8);
    }
    return bitmap;
}

LimitValue value_of(const SliceLimit& limit) {
    switch (limit.setting->kind) {
        case LimitKind::Amount:
            return limit.number;
        case LimitKind::Quota:
            return limit.number * 10'000;  // microseconds a second
        case LimitKind::Set:
            return bitmap_of(limit.text);
        case LimitKind::PerDevice:
            return ByPath{{limit.text, limit.number}};
    }
    return {};
}

LimitValue none_of(const LimitSetting& setting) {
    if (setting.kind == LimitKind::Set)
        return std::vector<std::uint8_t>();
    if (setting.kind == LimitKind::PerDevice)
        return ByPath();
    return setting.none;
}

const char* type_of(LimitKind kind) {
    return kind == LimitKind::Set ? "ay" : kind == LimitKind::PerDevice ? "a(st)" : "t";
}

LimitValue read_limit(sd_bus_message* m, const LimitSetting& setting) {
    if (setting.kind == LimitKind::Set) {
        const void* bytes = nullptr;
        std::size_t size = 0;
        check(sd_bus_message_read_array(m, 'y', &bytes, &size), setting.property);
        const auto* first = static_cast<const std::uint8_t*>(bytes);
        std::vector<std::uint8_t> bitmap(first, first + size);
        while (!bitmap.empty() && bitmap.back() == 0)
            bitmap.pop_back();
        return bitmap;
    }
    if (setting.kind == LimitKind::PerDevice) {
        ByPath amounts;
        check(sd_bus_message_enter_container(m, 'a', "(st)"), setting.property);
        const char* path = nullptr;
        std::uint64_t amount = 0;
        while (sd_bus_message_read(m, "(st)", &path, &amount) > 0)
            amounts.emplace_back(path, amount);
        check(sd_bus_message_exit_container(m), setting.property);
        return amounts;
    }
    std::uint64_t amount = 0;
    check(sd_bus_message_read(m, "t", &amount), setting.property);
    return amount;
}

void append_changes(sd_bus_message* m, const std::vector<LimitChange>& changes) {
    check(sd_bus_message_open_container(m, 'a', "(sv)"), "fill bus message");
    for (const LimitChange& change : changes) {
        // A list that is set adds to the list that the unit has, unless that is emptied first.
        if (change.setting->kind == LimitKind::PerDevice &&
            change.value != none_of(*change.setting))
            append_limit(m, *change.setting, none_of(*change.setting));
        append_limit(m, *change.setting, change.value);
    }
    check(sd_bus_message_close_container(m), "fill bus message");
}

LoadedSlice read_loaded_slice(sd_bus_message* m) {
    constexpr const char* kWhat = "read the slice's properties";
    LoadedSlice slice;
    check(sd_bus_message_enter_container(m, 'a', "{sv}"), kWhat);
    while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
        const char* name = nullptr;
        check(sd_bus_message_read(m, "s", &name), kWhat);
        if (!read_property(m, name, slice))
            check(sd_bus_message_skip(m, "v"), kWhat);
        check(sd_bus_message_exit_container(m), kWhat);
    }
    return slice;
}

bool is_generated(std::string_view path) {
    return path.starts_with("/run/systemd/generator/");
}

std::set<std::string> settings_in(const std::string& text) {
    std::set<std::string> names;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        line.erase(0, line.find_first_not_of(" \t"));
        line.resize(std::min(line.size(), line.find_first_of(" \t=")));
        names.insert(line);
    }
    return names;
}

SlicePlan plan_slice(const LoadedSlice& loaded, const std::set<std::string>& admins,
                     const std::vector<SliceLimit>& wanted,
                     const std::function<LimitValue(const LimitSetting&)>& no_set) {
    SlicePlan plan;
    for (const LimitSetting& setting : kLimitSettings) {
        if (admins.contains(std::string(setting.name.text())))
            continue;
        const auto limit = std::find_if(wanted.begin(), wanted.end(), [&](const SliceLimit& one) {
            return one.setting == &setting;
        });
        if (limit != wanted.end())
            plan.ours.push_back(*limit);
        LimitValue value = limit != wanted.end()            ? value_of(*limit)
                           : setting.kind == LimitKind::Set ? no_set(setting)
                                                            : none_of(setting);
        const auto found = loaded.limits.find(&setting);
        if (found == loaded.limits.end() || found->second != value)
            plan.changes.push_back({&setting, std::move(value)});
    }
    return plan;
}

}  // namespace vps

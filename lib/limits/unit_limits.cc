#include "limits/unit_limits.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <variant>

#include "limits/in_force.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

constexpr const char* kScope = "org.freedesktop.systemd1.Scope";

// A property's value: an amount, the bitmap of a set, or amounts by path.
using ByPath = std::vector<std::pair<std::string, std::uint64_t>>;
using LimitValue = std::variant<std::uint64_t, std::vector<std::uint8_t>, ByPath>;

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

// The property's value, which comes next in the message.
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

struct LimitChange {
    const LimitSetting* setting;
    LimitValue value;
};

// systemd also writes each into a drop-in, which would outlive the configuration it came from:
// those that were not there before are removed again. What is in PID 1's memory stays until it
// reads its units anew.
void send_limits(const Bus& bus, const std::string& unit, const std::vector<LimitChange>& changes) {
    const std::string dir = "/run/systemd/system.control/" + unit + ".d/";
    std::vector<std::string> ours;
    for (const LimitChange& change : changes) {
        std::string path = fmt::format("{}50-{}.conf", dir, change.setting->name.text());
        if (access(path.c_str(), F_OK) < 0)
            ours.push_back(std::move(path));
    }
    const Message message = new_call(bus, "SetUnitProperties");
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "sb", unit.c_str(), 1), "fill bus message");
    check(sd_bus_message_open_container(m, 'a', "(sv)"), "fill bus message");
    for (const LimitChange& change : changes) {
        // A list adds to what there is, unless it is emptied first.
        if (change.setting->kind == LimitKind::PerDevice &&
            change.value != none_of(*change.setting))
            append_limit(m, *change.setting, none_of(*change.setting));
        append_limit(m, *change.setting, change.value);
    }
    check(sd_bus_message_close_container(m), "fill bus message");
    const auto remove_ours = [&] {
        for (const std::string& path : ours)
            (void)unlink(path.c_str());  // it need not be there
        (void)rmdir(dir.c_str());        // others' files may be there
    };
    try {
        (void)call(bus, message, "limit " + unit);
    } catch (...) {
        remove_ours();
        throw;
    }
    remove_ours();
}

void note_settings(std::set<std::string>& names, const std::string& path) {
    if (access(path.c_str(), R_OK) < 0)
        return;  // one of ours, which systemd still lists
    std::istringstream lines(sys::read_file(path));
    for (std::string line; std::getline(lines, line);) {
        line.erase(0, line.find_first_not_of(" \t"));
        line.resize(std::min(line.size(), line.find_first_of(" \t=")));
        names.insert(line);
    }
}

// What PID 1 has of a slice.
struct LoadedSlice {
    std::string fragment;
    std::vector<std::string> drop_ins;
    std::map<const LimitSetting*, LimitValue> limits;
};

std::vector<std::string> read_strings(sd_bus_message* m, const char* what) {
    std::vector<std::string> strings;
    check(sd_bus_message_enter_container(m, 'a', "s"), what);
    const char* string = nullptr;
    while (sd_bus_message_read(m, "s", &string) > 0)
        strings.emplace_back(string);
    check(sd_bus_message_exit_container(m), what);
    return strings;
}

// False where it is no property that counts here.
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

// All at once: a question for each property would take a start more time than its mounts.
LoadedSlice read_slice(const Bus& bus, const std::string& unit) {
    constexpr const char* kWhat = "read the slice's properties";
    const Message reply = get_all_properties(bus, unit_path(unit));
    sd_bus_message* m = reply.get();
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

// What the slice's files set that are not the generator's.
std::set<std::string> find_admins_settings(const LoadedSlice& slice) {
    std::set<std::string> names;
    for (const std::string& path : slice.drop_ins)
        if (!is_generated(path))
            note_settings(names, path);
    return names;
}

// What the kernel guarantees to the slices of the other VPSes, which may go meanwhile.
std::uint64_t guaranteed_to_others(Veid veid) {
    std::uint64_t all = 0;
    for (const auto& entry : fs::directory_iterator(kCgroupOfAll))
        if (entry.path().extension() == ".slice" && entry.path() != slice_cgroup(veid))
            all += std::min(memory_low_of(entry.path()), UINT64_MAX - all);
    return all;
}

// None, as a unit says it; but the kernel (6.1) has nobody empty the set of a cgroup with
// processes: what it has already is set to all there are.
LimitValue no_set(Veid veid, const LimitSetting& setting) {
    const std::string file = slice_cgroup(veid) + "/" + setting.in_kernel;
    if (access(file.c_str(), F_OK) < 0 || sys::read_line(file).empty())
        return none_of(setting);
    const char* what = setting.name.text() == "AllowedCPUs" ? "cpu" : "node";
    return bitmap_of(sys::read_line(fmt::format("/sys/devices/system/{}/online", what)));
}

std::vector<SliceLimit> try_to_update(Veid veid, const std::vector<SliceLimit>& wanted) {
    const Bus bus = connect();
    const LoadedSlice loaded = read_slice(bus, slice_unit(veid));
    // Not where the slice itself is the admin's.
    if (!loaded.fragment.empty() && !is_generated(loaded.fragment))
        return {};
    const std::set<std::string> admins = find_admins_settings(loaded);
    std::vector<SliceLimit> ours;
    std::vector<LimitChange> changes;
    for (const LimitSetting& setting : kLimitSettings) {
        if (admins.contains(std::string(setting.name.text())))
            continue;
        const auto limit = std::find_if(wanted.begin(), wanted.end(), [&](const SliceLimit& one) {
            return one.setting == &setting;
        });
        if (limit != wanted.end())
            ours.push_back(*limit);
        LimitValue value = limit != wanted.end()            ? value_of(*limit)
                           : setting.kind == LimitKind::Set ? no_set(veid, setting)
                                                            : none_of(setting);
        const auto found = loaded.limits.find(&setting);
        if (found == loaded.limits.end() || found->second != value)
            changes.push_back({&setting, std::move(value)});
    }
    if (!changes.empty())
        send_limits(bus, slice_unit(veid), changes);
    return ours;
}

}  // namespace

std::vector<SliceLimit> update_slice_limits(Veid veid, const std::vector<SliceLimit>& wanted) {
    const std::string cgroup = slice_cgroup(veid);
    if (access(cgroup.c_str(), F_OK) == 0 && are_in_force(cgroup, wanted))
        return wanted;  // as the generator said, mostly
    return patiently([&] { return try_to_update(veid, wanted); });
}

void cover_guarantee(Veid veid, std::uint64_t guaranteed) {
    if (guaranteed == 0)
        return;
    const LimitSetting& setting = setting_of("MemoryLow");
    const std::uint64_t others = guaranteed_to_others(veid);
    const std::uint64_t all = others + std::min(guaranteed, UINT64_MAX - others);
    if (memory_low_of(kCgroupOfAll) >= all)
        return;
    const LimitValue wanted = all;
    patiently([&] {
        const Bus bus = connect();
        const LoadedSlice loaded = read_slice(bus, kSliceOfAll);
        const auto found = loaded.limits.find(&setting);
        if (!find_admins_settings(loaded).contains(setting.property) &&
            (found == loaded.limits.end() || found->second < wanted))
            send_limits(bus, kSliceOfAll, {{&setting, wanted}});
    });
}

void set_slice_limits(Veid veid, const std::vector<SliceLimit>& limits) {
    std::vector<LimitChange> changes;
    for (const SliceLimit& limit : limits)
        changes.push_back({limit.setting, value_of(limit)});
    patiently([&] { send_limits(connect(), slice_unit(veid), changes); });
}

void update_scope_quota(Veid veid, std::uint64_t percent) {
    if (is_quota_in_force(slice_cgroup(veid) + "/" + scope_unit(veid), percent))
        return;
    const LimitSetting& setting = setting_of("CPUQuota");
    const LimitValue value =
        percent == 0 ? none_of(setting) : value_of(SliceLimit{&setting, percent, {}});
    patiently([&] {
        const Bus bus = connect();
        const Message reply = get_property(bus, unit_path(scope_unit(veid)), kScope,
                                           setting.property, type_of(setting.kind));
        if (read_limit(reply.get(), setting) != value)
            send_limits(bus, scope_unit(veid), {{&setting, value}});
    });
}

}  // namespace vps

// The limits of a slice as properties of its object (org.freedesktop.systemd1(5)): their values,
// also in messages of sd-bus(3), and the ones that a start or reload has to change. Reads and fills
// messages; makes no call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "limits/slice_limits.hh"
#include "systemd/libsystemd.hh"

namespace vps {

// A property's value: an amount, the bitmap of a set, or amounts by path.
using ByPath = std::vector<std::pair<std::string, std::uint64_t>>;
using LimitValue = std::variant<std::uint64_t, std::vector<std::uint8_t>, ByPath>;

// A set of CPUs or nodes such as "0,2-3" as a bitmap, the lowest bit first.
std::vector<std::uint8_t> bitmap_of(const std::string& list);

LimitValue value_of(const SliceLimit& limit);

// The value that says that there is no such limit.
LimitValue none_of(const LimitSetting& setting);

// The property's signature.
const char* type_of(LimitKind kind);

// The property's value, which comes next in the message. Throws SysError.
LimitValue read_limit(sd_bus_message* m, const LimitSetting& setting);

struct LimitChange {
    const LimitSetting* setting;
    LimitValue value;
};

// Appends the changes as the "a(sv)" of SetUnitProperties. Throws SysError.
void append_changes(sd_bus_message* m, const std::vector<LimitChange>& changes);

// A slice as PID 1 has it.
struct LoadedSlice {
    std::string fragment;
    std::vector<std::string> drop_ins;
    std::map<const LimitSetting*, LimitValue> limits;
};

// Reads a slice from "a{sv}", all its properties. Throws SysError.
LoadedSlice read_loaded_slice(sd_bus_message* m);

// Whether the generator has written this unit file.
bool is_generated(std::string_view path);

// The names of the settings in the text of a unit file.
std::set<std::string> settings_in(const std::string& text);

// The changes that make the limits of a loaded slice `wanted` and no others. Settings of the
// administrator's files are left alone; `no_set` gives the value of a Set that is not wanted.
struct SlicePlan {
    std::vector<SliceLimit> ours;
    std::vector<LimitChange> changes;
};
SlicePlan plan_slice(const LoadedSlice& loaded, const std::set<std::string>& admins,
                     const std::vector<SliceLimit>& wanted,
                     const std::function<LimitValue(const LimitSetting&)>& no_set);

}  // namespace vps

#include "limits/unit_limits.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "limits/in_force.hh"
#include "limits/slice_properties.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "systemd/cgroup.hh"
#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

// systemd also writes each property into a drop-in, which would outlive the configuration: drop-ins
// that were not there before are removed again. The properties stay in PID 1's memory until it
// reads its units anew.
void send_limits(const SystemdPlaces& places, const Bus& bus, const std::string& unit,
                 const std::vector<LimitChange>& changes) {
    const std::string dir = places.drop_ins + "/" + unit + ".d/";
    std::vector<std::string> ours;
    for (const LimitChange& change : changes) {
        std::string path = fmt::format("{}50-{}.conf", dir, change.setting->name.text());
        if (access(path.c_str(), F_OK) < 0)
            ours.push_back(std::move(path));
    }
    const Message message = new_call(bus, "SetUnitProperties");
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "sb", unit.c_str(), 1), "fill bus message");
    append_changes(m, changes);
    const Undo remove_ours([&] {
        for (const std::string& path : ours)
            (void)unlink(path.c_str());  // the drop-in need not be there
        (void)rmdir(dir.c_str());        // the directory may have other files
    });
    (void)call(bus, message, "limit " + unit);
}

// All properties are asked for at once: a question for each would take a start more time than its
// mounts.
LoadedSlice read_slice(const Bus& bus, const std::string& unit) {
    return read_loaded_slice(get_all_properties(bus, unit_path(unit)).get());
}

// The settings of the slice's files that are not the generator's.
std::set<std::string> find_admins_settings(const LoadedSlice& slice) {
    std::set<std::string> names;
    for (const std::string& path : slice.drop_ins)
        // systemd still lists drop-ins that this program has removed.
        if (!is_generated(path) && access(path.c_str(), R_OK) == 0)
            names.merge(settings_in(sys::read_file(path)));
    return names;
}

// The sum of the kernel's guarantees for the slices of the other VPSes, which may go meanwhile.
std::uint64_t guaranteed_to_others(Veid veid, const std::string& cgroups) {
    std::uint64_t all = 0;
    for (const auto& entry : fs::directory_iterator(cgroups))
        if (entry.path().extension() == ".slice" && entry.path() != slice_cgroup(veid, cgroups))
            all += std::min(memory_low_of(entry.path()), UINT64_MAX - all);
    return all;
}

// The value for no restriction. A unit has an empty one; but the kernel (6.1) lets nobody empty the
// set of a cgroup with processes, so that such a set becomes all CPUs or nodes.
LimitValue no_set(const std::string& cgroup, const LimitSetting& setting) {
    const std::string file = cgroup + "/" + setting.in_kernel;
    if (access(file.c_str(), F_OK) < 0 || sys::read_line(file).empty())
        return none_of(setting);
    const char* what = setting.name.text() == "AllowedCPUs" ? "cpu" : "node";
    return bitmap_of(sys::read_line(fmt::format("/sys/devices/system/{}/online", what)));
}

std::vector<SliceLimit> try_to_update(Veid veid, const std::vector<SliceLimit>& wanted,
                                      const SystemdPlaces& places) {
    const std::string cgroup = slice_cgroup(veid, places.cgroups);
    const Bus bus = connect(places);
    LoadedSlice loaded = read_slice(bus, slice_unit(veid));
    // systemd 257 has read what a daemon-reload brought, and not given it to the kernel.
    for (const LimitSetting& setting : kLimitSettings)
        if (is_out_of_force(cgroup, setting, wanted))
            loaded.limits.erase(&setting);
    // A slice that is an administrator's own file is left alone.
    if (!loaded.fragment.empty() && !is_generated(loaded.fragment))
        return {};
    const SlicePlan plan =
        plan_slice(loaded, find_admins_settings(loaded), wanted,
                   [&](const LimitSetting& setting) { return no_set(cgroup, setting); });
    if (!plan.changes.empty())
        send_limits(places, bus, slice_unit(veid), plan.changes);
    return plan.ours;
}

}  // namespace

std::vector<SliceLimit> update_slice_limits(Veid veid, const std::vector<SliceLimit>& wanted,
                                            const SystemdPlaces& places) {
    const std::string cgroup = slice_cgroup(veid, places.cgroups);
    if (access(cgroup.c_str(), F_OK) == 0 && are_in_force(cgroup, wanted))
        return wanted;  // mostly the generator has said so
    return patiently([&] { return try_to_update(veid, wanted, places); });
}

void cover_guarantee(Veid veid, std::uint64_t guaranteed, const SystemdPlaces& places) {
    if (guaranteed == 0)
        return;
    const LimitSetting& setting = setting_of("MemoryLow");
    const std::uint64_t others = guaranteed_to_others(veid, places.cgroups);
    const std::uint64_t all = others + std::min(guaranteed, UINT64_MAX - others);
    if (memory_low_of(places.cgroups) >= all)
        return;
    const std::vector<LimitChange> wanted{{&setting, all}};
    patiently([&] {
        const Bus bus = connect(places);
        const LoadedSlice loaded = read_slice(bus, kSliceOfAll);
        const auto found = loaded.limits.find(&setting);
        if (!find_admins_settings(loaded).contains(setting.property) &&
            (found == loaded.limits.end() || found->second < wanted[0].value))
            send_limits(places, bus, kSliceOfAll, wanted);
    });
}

void set_slice_limits(Veid veid, const std::vector<SliceLimit>& limits,
                      const SystemdPlaces& places) {
    std::vector<LimitChange> changes;
    for (const SliceLimit& limit : limits)
        changes.push_back({limit.setting, value_of(limit)});
    patiently([&] { send_limits(places, connect(places), slice_unit(veid), changes); });
}

void update_scope_quota(Veid veid, std::uint64_t percent, const SystemdPlaces& places) {
    if (is_quota_in_force(scope_cgroup(veid, places.cgroups), percent))
        return;
    const LimitSetting& setting = setting_of("CPUQuota");
    const LimitValue value =
        percent == 0 ? none_of(setting) : value_of(SliceLimit{&setting, percent, {}});
    // Also where systemd has it: 257 gives what a daemon-reload brought to the kernel later.
    patiently([&] { send_limits(places, connect(places), scope_unit(veid), {{&setting, value}}); });
}

}  // namespace vps

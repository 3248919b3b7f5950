#include "generator/plan.hh"

#include <algorithm>
#include <utility>

#include "generator/boot_order.hh"
#include "generator/unit_file.hh"
#include "limits/slice_limits.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr char kWants[] = "vps.target.wants/";

std::string source_of(const ScannedVps& vps) {
    return "/etc/vz/conf/" + vps.veid.to_string() + ".conf";
}

// "VPS 101", with "(NAME)" and ": DESCRIPTION" where they are set.
std::string describe(const ScannedVps& vps) {
    auto text = "VPS " + vps.veid.to_string();
    if (vps.config.name && !vps.config.name->empty())
        text += " (" + *vps.config.name + ")";
    if (vps.config.description && !vps.config.description->empty())
        text += ": " + *vps.config.description;
    return text;
}

void set_identity(UnitFile& unit, const std::string& description, const std::string& source) {
    unit.section("Unit");
    unit.set_text("Description", description);
    unit.set_path("SourcePath", source);
    unit.set("Documentation", "man:vps.conf(5)");
}

// systemd takes a path by its letters: what is behind a symbolic link has to be named, too.
void require_private_area(UnitFile& unit, const ScannedVps& vps) {
    if (vps.config.ve_private)
        unit.add_path("RequiresMountsFor", *vps.config.ve_private);
    for (const std::string& place : vps.private_places)
        unit.add_path("RequiresMountsFor", place);
}

// VE_ROOT itself is not named: our own mount there would be a unit that the service then depends
// on. The directory of VE_ROOT is to be there as long as the service.
void require_root(UnitFile& unit, const std::string& ve_root) {
    unit.add_path("RequiresMountsFor", std::string_view(ve_root).substr(0, ve_root.rfind('/')));
    unit.add_mount_unit("After", ve_root);
}

void set_mounts(UnitFile& unit, const ScannedVps& vps) {
    require_private_area(unit, vps);
    if (vps.config.ve_root)
        require_root(unit, *vps.config.ve_root);
    for (const std::string& place : vps.root_places)
        require_root(unit, place);
}

void set_level(UnitFile& unit, const BootPlace& place) {
    if (place.after_level)
        unit.set_word("After", bootorder_target(*place.after_level));
    if (place.before_level)
        unit.set_word("Before", bootorder_target(*place.before_level));
}

void set_turn(UnitFile& unit, const ScannedHost& host, const BootOrder& order,
              const BootPlace& place) {
    if (const auto after = place.after_vps) {
        unit.set_word("After", service_unit(host.vpses[*after].veid));
        if (order.places[*after].start == OnBoot::Unset)
            unit.set_word("After", onboot_unit(host.vpses[*after].veid));
    }
}

// Time to stop, and for the scripts around it: five may run, without a limit of theirs a minute.
void set_stop_timeout(UnitFile& unit, const VpsConfig& config) {
    constexpr unsigned kTemplateSays = 180;
    constexpr unsigned kScripts = 5;
    std::uint64_t scripts = 60;
    if (config.script_timeout)
        scripts = std::uint64_t{kScripts} * *config.script_timeout;
    else if (!config.stop_veto)
        scripts = std::uint64_t{kScripts} * kOverruledScriptTime;
    const auto seconds = config.stop_timeout + scripts;
    if (seconds == kTemplateSays)
        return;
    unit.section("Service");
    unit.set("TimeoutStopSec", seconds);
}

// While it runs, somebody sees to it that what its network has on the host stays there.
void set_network_guard(UnitFile& unit, const VpsConfig& config) {
    if (wants_network(config))
        unit.set("Upholds", "vps-network-guard.service");
}

// OpenVZ's service loaded these modules, too. modprobe@.service takes a module that this kernel
// lacks for no failure.
void set_modules(UnitFile& unit, const VpsConfig& config) {
    for (const std::string& module : config.iptables) {
        const std::string service = "modprobe@" + module + ".service";
        unit.set_word("Wants", service);
        unit.set_word("After", service);
    }
}

std::string service_drop_in(const ScannedHost& host, const BootOrder& order, std::size_t i) {
    const auto& vps = host.vpses[i];
    const auto source = source_of(vps);
    UnitFile unit(source);
    set_identity(unit, describe(vps), source);
    set_mounts(unit, vps);
    set_level(unit, order.places[i]);
    set_network_guard(unit, vps.config);
    set_modules(unit, vps.config);
    set_stop_timeout(unit, vps.config);
    return std::move(unit).text();
}

// The turn of vps-onboot@N comes whether the VPS is to start or not, so that those behind it need
// not know.
std::string onboot_drop_in(const ScannedHost& host, const BootOrder& order, std::size_t i) {
    UnitFile unit(source_of(host.vpses[i]));
    unit.section("Unit");
    set_level(unit, order.places[i]);
    set_turn(unit, host, order, order.places[i]);
    return std::move(unit).text();
}

void set_limit(UnitFile& unit, const SliceLimit& limit) {
    switch (limit.setting->kind) {
        case LimitKind::Amount:
            return unit.set(limit.setting->name, limit.number);
        case LimitKind::Quota:
            return unit.set(limit.setting->name, limit.number, "%");
        case LimitKind::Set:
            return unit.set_word(limit.setting->name, limit.text);
        case LimitKind::PerDevice:
            return unit.set_for_device(limit.setting->name, limit.text, limit.number);
    }
}

void set_limits(UnitFile& unit, const ScannedVps& vps, const std::vector<SliceLimit>& limits) {
    // systemd looks the device up when it makes the cgroup: what holds it must be mounted by then.
    if (std::any_of(limits.begin(), limits.end(), [](const SliceLimit& limit) {
            return limit.setting->kind == LimitKind::PerDevice;
        }))
        require_private_area(unit, vps);
    if (!limits.empty())
        unit.section("Slice");
    for (const SliceLimit& limit : limits)
        set_limit(unit, limit);
}

// At boot the slice waits for the turn of its VPS, and the service for the slice. It has no job
// when the host goes down: the VPSes of a level are stopped all at once.
std::string slice(const ScannedHost& host, const BootOrder& order, std::size_t i) {
    const auto& vps = host.vpses[i];
    const auto source = source_of(vps);
    UnitFile unit(source);
    set_identity(unit, "Resources of " + describe(vps), source);
    // The slice is before the service anyway; but a unit that is named here stays loaded, so that a
    // VPS that ran once starts without systemd reading its unit again, several times.
    unit.set_word("Before", service_unit(vps.veid));
    set_turn(unit, host, order, order.places[i]);
    set_limits(unit, vps, slice_limits(vps.config, host));
    return std::move(unit).text();
}

// A slice refuses to be stopped, and stays when its VPS has stopped, ready for the next start.
// Without a VPS nobody would ever stop it. systemd does, as soon as nothing is in it.
std::string left_slice(Veid veid) {
    UnitFile unit("");
    unit.section("Unit");
    unit.set_text("Description", "Resources of VPS " + veid.to_string() + ", which is removed");
    unit.set("Documentation", "man:vps@.service(5)");
    unit.set("StopWhenUnneeded", "yes");
    return std::move(unit).text();
}

// The kernel guarantees a VPS what the slice of all VPSes is guaranteed, and no more.
std::string slice_of_all(std::uint64_t guaranteed) {
    UnitFile unit("VMGUARPAGES in /etc/vz/conf/*.conf");
    unit.section("Slice");
    unit.set("MemoryLow", guaranteed);
    return std::move(unit).text();
}

std::string scope_drop_in(const ScannedVps& vps, std::uint64_t quota) {
    UnitFile unit(source_of(vps));
    unit.section("Scope");
    unit.set("CPUQuota", quota, "%");
    return std::move(unit).text();
}

// No requirement, only order: a VPS that fails holds up nobody.
std::string level_target(std::uint32_t level, const std::uint32_t* previous) {
    UnitFile unit("BOOTORDER in /etc/vz/conf/*.conf");
    unit.section("Unit");
    unit.set_text("Description", "VPSes of BOOTORDER " + std::to_string(level));
    unit.set("Documentation", "man:vps.conf(5)");
    if (previous)
        unit.set_word("After", bootorder_target(*previous));
    return std::move(unit).text();
}

void plan_levels(UnitTree& tree, const std::vector<std::uint32_t>& levels) {
    const std::uint32_t* previous = nullptr;
    for (const auto& level : levels) {
        const auto name = bootorder_target(level);
        tree.files.push_back({name, level_target(level, previous)});
        tree.links.push_back({kWants + name, "../" + name});
        previous = &level;
    }
}

void plan_vps(UnitTree& tree, const ScannedHost& host, const BootOrder& order, std::size_t i) {
    const auto& vps = host.vpses[i];
    const auto service = service_unit(vps.veid);
    tree.files.push_back({service + ".d/50-vps.conf", service_drop_in(host, order, i)});
    tree.files.push_back({slice_unit(vps.veid), slice(host, order, i)});
    // The link has systemd list and complete a VPS that has never run. A link leads to the template
    // by its name, wherever an administrator has put another one; it is late, because systemd
    // calls a unit with a link in the first directory "enabled", whether it starts at boot or not.
    tree.late_links.push_back({service, UNIT_DIR "/vps@.service"});
    if (const auto quota = cpu_quota(vps.config, host))
        tree.files.push_back({scope_unit(vps.veid) + ".d/50-vps.conf", scope_drop_in(vps, quota)});
    const auto start = order.places[i].start;
    if (start == OnBoot::Yes)
        tree.links.push_back({kWants + service, UNIT_DIR "/vps@.service"});
    if (start == OnBoot::Unset) {
        const auto onboot = onboot_unit(vps.veid);
        if (order.places[i].is_ordered())
            tree.files.push_back({onboot + ".d/50-vps.conf", onboot_drop_in(host, order, i)});
        tree.links.push_back({kWants + onboot, UNIT_DIR "/vps-onboot@.service"});
    }
}

}  // namespace

UnitTree Plan::of_vpses(std::size_t first, std::size_t end) const {
    UnitTree tree;
    tree.files.reserve(2 * (end - first));
    tree.links.reserve(end - first);
    tree.late_links.reserve(end - first);
    for (std::size_t i = first; i < end; ++i)
        plan_vps(tree, host_, order_, i);
    return tree;
}

UnitTree Plan::of_all() const {
    UnitTree tree;
    std::uint64_t guaranteed = 0;
    for (const auto& vps : host_.vpses)
        guaranteed += guaranteed_memory(vps.config);
    if (guaranteed > 0)
        tree.files.push_back(
            {std::string(kSliceOfAll) + ".d/50-vps.conf", slice_of_all(guaranteed)});
    for (const auto veid : host_.left_slices)
        tree.files.push_back({slice_unit(veid), left_slice(veid)});
    plan_levels(tree, order_.levels);
    return tree;
}

}  // namespace vps

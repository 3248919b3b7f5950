#include "network/vps_network.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "network/forwarding.hh"
#include "network/host_claims.hh"
#include "network/host_end.hh"
#include "network/lan_device.hh"
#include "network/links.hh"
#include "network/neighbours.hh"
#include "network/network_record.hh"
#include "network/packet_filter.hh"
#include "network/upkeep.hh"
#include "network/venet.hh"
#include "network/veth.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

using namespace std::chrono_literals;

// A machine of the same network answers within a few milliseconds. Whoever wants to be sure that
// none has the address (ERROR_ON_ARPFAIL) waits as long as vzctl's arpsend did.
constexpr auto kGlance = 100ms;
constexpr auto kLook = 1000ms;

// The VPS that has the name by its claim and by its record.
std::optional<Veid> find_holder(const ClaimName& claim,
                                std::vector<std::string> NetworkRecord::*held) {
    return vps::find_holder(claim, [&](Veid veid) {
        const std::optional<NetworkRecord> record = read_network_record(veid);
        if (!record)
            return false;
        const std::vector<std::string>& names = (*record).*held;
        return std::find(names.begin(), names.end(), claim.name) != names.end();
    });
}

void refuse_addresses_of_others(Veid veid, const NetworkSpec& spec) {
    for (const IpAddress& address : spec.addresses)
        if (const auto other =
                find_holder(address_claim(address.to_string()), &NetworkRecord::addresses);
            other && *other != veid)
            throw Error(ExitCode::IpInUse,
                        fmt::format("the address {} is in use by VPS {}; change IP_ADDRESS of one "
                                    "of the two, or stop that one",
                                    address.to_string(), other->to_string()));
}

// Two ports of one bridge with one hardware address take each other's frames.
void refuse_hardware_of_others(Veid veid, const std::string& name, const VethSpec& veth) {
    if (const auto other = find_holder(hardware_claim(name), &NetworkRecord::hardware);
        other && *other != veid)
        throw Error(ExitCode::VethFailed,
                    fmt::format("the hardware address {} is in use by VPS {} on the bridge '{}'; "
                                "change mac= of one of the two (NETIF), or stop that one",
                                veth.mac.to_string(), other->to_string(), veth.bridge));
}

void set_claims(Veid veid, const NetworkRecord& record) {
    for (const std::string& address : record.addresses)
        set_claim(address_claim(address), veid);
    for (const RecordedLink& link : record.links)
        set_claim(link_claim(link.name), veid);
    for (const std::string& name : record.hardware)
        set_claim(hardware_claim(name), veid);
}

void drop_claims(Veid veid, const NetworkRecord& record) {
    for (const std::string& address : record.addresses)
        drop_claim(address_claim(address), veid);
    for (const RecordedLink& link : record.links)
        drop_claim(link_claim(link.name), veid);
    for (const std::string& name : record.hardware)
        drop_claim(hardware_claim(name), veid);
}

RecordedLink recorded(const VethSpec& veth) {
    RecordedLink link{.name = veth.host_ifname, .ip_filter = veth.ip_filter, .bridge = veth.bridge};
    if (veth.mac_filter || veth.ip_filter)
        link.mac = veth.mac;
    return link;
}

// Whatever has the name is not ours to remove.
void refuse_name_on_host(const VethSpec& veth) {
    if (if_nametoindex(veth.host_ifname.c_str()) != 0)
        throw Error(ExitCode::VethFailed,
                    fmt::format("the host has a network device '{}' already; change "
                                "host_ifname= of {} (NETIF)",
                                veth.host_ifname, veth.ifname));
}

void add_veth(Veid veid, const VethSpec& veth, NetworkRecord& record) {
    record.links.push_back(recorded(veth));
    if (veth.bridge.empty())
        return;
    record.hardware.push_back(hardware_name(veth));
    refuse_hardware_of_others(veid, record.hardware.back(), veth);
}

NetworkRecord claim_network(Veid veid, const NetworkSpec& spec) {
    // Two VPSes that start at once take turns here, and the second finds the claims of the first.
    const HostClaims claims;
    NetworkRecord record;
    refuse_addresses_of_others(veid, spec);
    HostWays ways;
    record.neighbour_devices = find_neighbour_devices(spec.neighbour_devices, spec.addresses, ways);
    if (!spec.addresses.empty())
        record.choice = spec.neighbour_devices;
    for (const IpAddress& address : spec.addresses)
        record.addresses.push_back(address.to_string());
    if (!spec.addresses.empty())
        record.links.push_back({.name = venet_name(veid), .is_venet = true});
    record.devices = find_devices_to_move(veid, spec.devices);
    for (const VethSpec& veth : spec.veths) {
        refuse_name_on_host(veth);
        add_veth(veid, veth, record);
    }
    // The record first: undo_network() finds by it what was claimed, however this ends.
    write_network_record(veid, record);
    set_claims(veid, record);
    return record;
}

std::vector<LanDevice> ask_for_others(const NetworkSpec& spec, const NetworkRecord& record) {
    std::vector<LanDevice> devices;
    for (const std::string& name : record.neighbour_devices) {
        devices.emplace_back(name);
        if (spec.arp_detect != ArpDetect::Skip)
            for (const IpAddress& address : spec.addresses)
                devices.back().ask_for(address);
    }
    return devices;
}

void heed_others(const std::vector<LanDevice>& devices, const NetworkSpec& spec, const Log& log) {
    if (devices.empty() || spec.arp_detect == ArpDetect::Skip)
        return;
    const bool refuse = spec.arp_detect == ArpDetect::Refuse;
    const std::optional<AddressConflict> conflict =
        wait_for_conflict(devices, spec.addresses, refuse ? kLook : kGlance);
    if (!conflict)
        return;
    const std::string text =
        fmt::format("the address {} is in use by another machine: {}, on {}",
                    conflict->address.to_string(), conflict->machine, conflict->device);
    if (refuse)
        throw Error(ExitCode::IpInUse, text);
    log.say(Level::Warning, text +
                                "; taking it all the same (ERROR_ON_ARPFAIL=yes in vz.conf "
                                "would refuse the start)");
}

// A device without IPv6 keeps no VPS from its other addresses.
void answer_for_all(const std::vector<IpAddress>& addresses, const std::vector<LanDevice>& devices,
                    const Log& log) {
    for (const IpAddress& address : addresses)
        for (const LanDevice& device : devices) {
            try {
                answer_for(address, device.name());
                device.announce(address);
            } catch (const Ipv6Off& error) {
                log.say(Level::Warning, error.what());
            }
        }
}

// The links, both ends down and the host's ones guarded before anything can come out of them.
void make_links(const NetworkSpec& spec, const NetworkRecord& record, FdRef inside) {
    if (!spec.addresses.empty())
        make_venet(record.links.front().name, inside);
    for (const VethSpec& veth : spec.veths)
        make_veth(veth, inside);
    const RouteSocket socket;
    for (const RecordedLink& link : record.links) {
        make_host_end_deaf(socket, link);
        if (const LinkFilter filter = filter_of(record, link); !filter.empty())
            set_packet_filter(link.name, compile_filter(filter));
    }
}

void connect_venet(const RecordedLink& link, const std::vector<IpAddress>& addresses,
                   FdRef inside) {
    configure_venet(inside, addresses);
    const RouteSocket socket;
    set_up_host_end(socket, link);
    const int index = find_link_index(socket, link.name, ExitCode::CannotAddIp);
    for (const IpAddress& address : addresses)
        route_to_venet(socket, link.name, index, address);
}

// EXTERNAL_SCRIPT may enter the VPS.
void connect_veths(const NetworkSpec& spec, NetworkRecord& record,
                   const std::function<void()>& await_entry, const ScriptSettings& settings,
                   const std::optional<ActionScript>& external_script, const Log& log) {
    if (external_script)
        await_entry();
    auto link = record.links.end() - static_cast<std::ptrdiff_t>(spec.veths.size());
    for (const VethSpec& veth : spec.veths) {
        if (external_script)
            run_external_script(*external_script, veth, settings, log);
        connect_veth(veth, *link++, log);
    }
}

// Whether its packets are passed on is the host's policy, as it was with vzctl.
void warn_of_forwarding(const NetworkSpec& spec, const Log& log) {
    const std::vector<std::string> missing = find_missing_forwarding(spec.addresses);
    if (!missing.empty())
        log.say(Level::Warning, explain_missing_forwarding(missing));
}

// A VPS that has addresses of IPv6, too, is not to be without network because the host has none.
NetworkSpec without_ipv6_where_it_is_off(NetworkSpec spec, const Log& log) {
    const std::string why = find_ipv6_switch();
    const auto is_v6 = [](const IpAddress& address) { return address.family == AF_INET6; };
    if (why.empty() || std::none_of(spec.addresses.begin(), spec.addresses.end(), is_v6))
        return spec;
    std::vector<std::string> lost;
    for (const IpAddress& address : spec.addresses)
        if (is_v6(address))
            lost.push_back(address.to_string());
    std::erase_if(spec.addresses, is_v6);
    log.say(Level::Warning, fmt::format("IPv6 is off on this host ({}): the VPS is without {}", why,
                                        fmt::join(lost, ", ")));
    return spec;
}

void try_undo(const Log& log, const std::function<void()>& undo) {
    // Nobody comes back for it: what failed for a moment only (memory, buffers) is tried again.
    for (const bool last : {false, true})
        try {
            undo();
            return;
        } catch (const std::exception& error) {
            if (last)
                log.say(Level::Warning, fmt::format("{}, ignoring it", error.what()));
        }
}

}  // namespace

void make_network(const NetworkSpec& wanted, pid_t init, const std::function<void()>& await_entry,
                  const ScriptSettings& settings, const Log& log) {
    const Veid veid = settings.veid;
    const NetworkSpec spec = without_ipv6_where_it_is_off(wanted, log);
    std::optional<ActionScript> external_script;
    if (!spec.veths.empty())
        external_script = find_external_script(veid, ScriptOccasion::Start, log);
    if (!external_script)  // which may make them
        require_bridges(spec);
    const Fd inside = sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY);
    NetworkRecord record = claim_network(veid, spec);

    const std::vector<LanDevice> neighbours = ask_for_others(spec, record);
    move_devices(veid, record.devices, inside);
    make_links(spec, record, inside);
    if (!spec.addresses.empty())
        connect_venet(record.links.front(), spec.addresses, inside);
    connect_veths(spec, record, await_entry, settings, external_script, log);

    heed_others(neighbours, spec, log);
    answer_for_all(spec.addresses, neighbours, log);
    warn_of_forwarding(spec, log);
    write_network_record(veid, record);
    mark_whole(veid);
}

namespace {

bool has(const std::vector<IpAddress>& addresses, const IpAddress& wanted) {
    return std::any_of(addresses.begin(), addresses.end(), [&](const IpAddress& address) {
        return address.to_string() == wanted.to_string();
    });
}

std::vector<IpAddress> without(std::vector<IpAddress> addresses,
                               const std::vector<IpAddress>& others) {
    std::erase_if(addresses, [&](const IpAddress& address) { return has(others, address); });
    return addresses;
}

// The record of the network as it is to be; `now` is what it is.
NetworkRecord with_addresses(Veid veid, const NetworkRecord& now, const NetworkSpec& spec) {
    NetworkRecord record = now;
    record.addresses.clear();
    for (const IpAddress& address : spec.addresses)
        record.addresses.push_back(address.to_string());
    record.choice = spec.neighbour_devices;
    HostWays ways;
    for (std::string& device : find_neighbour_devices(spec.neighbour_devices, spec.addresses, ways))
        if (std::find(record.neighbour_devices.begin(), record.neighbour_devices.end(), device) ==
            record.neighbour_devices.end())
            record.neighbour_devices.push_back(std::move(device));
    const bool has_venet = std::any_of(record.links.begin(), record.links.end(),
                                       [](const RecordedLink& link) { return link.is_venet; });
    if (!has_venet)
        record.links.insert(record.links.begin(), {.name = venet_name(veid), .is_venet = true});
    return record;
}

// What comes out of the links is filtered by the new addresses before these are used.
void filter_links(const NetworkRecord& record) {
    for (const RecordedLink& link : record.links)
        if (const LinkFilter filter = filter_of(record, link); !filter.empty())
            set_packet_filter(link.name, compile_filter(filter));
}

struct AddressChange {
    std::vector<IpAddress> gone, added;
};

void change_links(const NetworkRecord& before, const NetworkRecord& record,
                  const AddressChange& change, FdRef inside) {
    const RouteSocket socket;
    const RecordedLink& venet = record.links.front();
    const bool is_new = before.links.empty() || !before.links.front().is_venet;
    if (is_new) {
        make_venet(venet.name, inside);
        make_host_end_deaf(socket, venet);
    }
    filter_links(record);
    if (is_new) {
        connect_venet(venet, change.added, inside);
        return;
    }
    const int index = find_link_index(socket, venet.name, ExitCode::CannotAddIp);
    for (const IpAddress& address : change.gone)
        unroute_from_venet(socket, index, address);
    change_venet(inside, change.gone, change.added);
    for (const IpAddress& address : change.added)
        route_to_venet(socket, venet.name, index, address);
}

}  // namespace

void change_network_addresses(const NetworkSpec& wanted, pid_t init, Veid veid, const Log& log) {
    const NetworkSpec spec = without_ipv6_where_it_is_off(wanted, log);
    NetworkRecord before = read_network_record(veid).value_or(NetworkRecord{});
    const std::vector<IpAddress> had = before.parsed_addresses();
    const AddressChange change{without(had, spec.addresses), without(spec.addresses, had)};
    if (change.gone.empty() && change.added.empty())
        return;
    const Fd inside = sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY);
    NetworkSpec asked = spec;
    asked.addresses = change.added;
    NetworkRecord record;
    {
        const HostClaims claims;
        refuse_addresses_of_others(veid, asked);
        // The guard may have chosen other devices until now.
        before = read_network_record(veid).value_or(before);
        record = with_addresses(veid, before, spec);
        unmark_whole(veid);
        write_network_record(veid, record);
        set_claims(veid, record);
    }
    const Undo whole(
        [&] { mark_whole(veid); });  // its guard makes what is missing, however it ends
    const std::vector<LanDevice> neighbours = ask_for_others(asked, record);
    change_links(before, record, change, inside);
    for (const IpAddress& address : change.gone) {
        for (const std::string& device : before.neighbour_devices)
            try_undo(log, [&] { stop_answering_for(address, device); });
        drop_claim(address_claim(address.to_string()), veid);
    }
    heed_others(neighbours, asked, log);
    answer_for_all(change.added, neighbours, log);
    warn_of_forwarding(asked, log);
}

namespace {

bool has_link(const NetworkRecord& record, const std::string& name) {
    return std::any_of(record.links.begin(), record.links.end(),
                       [&](const RecordedLink& link) { return link.name == name; });
}

const VethSpec* find_veth(const NetworkSpec& spec, const std::string& host_ifname) {
    const auto found =
        std::find_if(spec.veths.begin(), spec.veths.end(),
                     [&](const VethSpec& veth) { return veth.host_ifname == host_ifname; });
    return found == spec.veths.end() ? nullptr : &*found;
}

struct InterfaceChange {
    std::vector<std::string> gone;  // by their names on the host
    NetworkSpec added;
};

InterfaceChange compare_interfaces(const NetworkRecord& now, const NetworkSpec& wanted,
                                   const NetworkSpec& before) {
    const auto stays = [&](const VethSpec& veth) {
        const VethSpec* former = find_veth(before, veth.host_ifname);
        return has_link(now, veth.host_ifname) && (!former || former->ifname == veth.ifname);
    };
    InterfaceChange change;
    for (const VethSpec& veth : wanted.veths)
        if (!stays(veth))
            change.added.veths.push_back(veth);
    for (const RecordedLink& link : now.links) {
        const VethSpec* veth = find_veth(wanted, link.name);
        if (!link.is_venet && (!veth || !stays(*veth)))
            change.gone.push_back(link.name);
    }
    return change;
}

// The record until what is gone is removed and what is added is made.
NetworkRecord claim_interfaces(Veid veid, const InterfaceChange& change) {
    const HostClaims claims;
    NetworkRecord record = read_network_record(veid).value_or(NetworkRecord{});
    for (const VethSpec& veth : change.added.veths) {
        if (std::find(change.gone.begin(), change.gone.end(), veth.host_ifname) ==
            change.gone.end())
            refuse_name_on_host(veth);
        add_veth(veid, veth, record);
    }
    unmark_whole(veid);
    write_network_record(veid, record);
    set_claims(veid, record);
    return record;
}

// Removes links with these names, the first of each name, from the host and from the record.
void remove_interfaces(Veid veid, const std::vector<std::string>& names, NetworkRecord& record) {
    for (const std::string& name : names) {
        remove_link(name);
        const auto link = std::find_if(record.links.begin(), record.links.end(),
                                       [&](const RecordedLink& one) { return one.name == name; });
        if (link != record.links.end())
            record.links.erase(link);
        if (!has_link(record, name))
            drop_claim(link_claim(name), veid);
    }
    write_network_record(veid, record);
}

// The claims of bridges that no device is for any more.
void keep_hardware_of(Veid veid, const NetworkSpec& spec, NetworkRecord& record) {
    std::vector<std::string> kept;
    for (const VethSpec& veth : spec.veths)
        if (!veth.bridge.empty() && has_link(record, veth.host_ifname))
            kept.push_back(hardware_name(veth));
    for (const std::string& name : record.hardware)
        if (std::find(kept.begin(), kept.end(), name) == kept.end())
            drop_claim(hardware_claim(name), veid);
    record.hardware = kept;
    write_network_record(veid, record);
}

// The links of `added` are the last ones of the record.
void make_interfaces(const NetworkSpec& added, NetworkRecord& record, FdRef inside,
                     const ScriptSettings& settings,
                     const std::optional<ActionScript>& external_script, const Log& log) {
    for (const VethSpec& veth : added.veths)
        make_veth(veth, inside);
    const RouteSocket socket;
    for (auto link = record.links.end() - static_cast<std::ptrdiff_t>(added.veths.size());
         link != record.links.end(); ++link) {
        make_host_end_deaf(socket, *link);
        if (const LinkFilter filter = filter_of(record, *link); !filter.empty())
            set_packet_filter(link->name, compile_filter(filter));
    }
    connect_veths(
        added, record, [] {}, settings, external_script, log);
}

}  // namespace

void change_network_interfaces(const NetworkSpec& wanted, const NetworkSpec& before, pid_t init,
                               const ScriptSettings& settings, const Log& log) {
    const Veid veid = settings.veid;
    const InterfaceChange change =
        compare_interfaces(read_network_record(veid).value_or(NetworkRecord{}), wanted, before);
    if (change.gone.empty() && change.added.veths.empty())
        return;
    std::optional<ActionScript> external_script;
    if (!change.added.veths.empty())
        external_script = find_external_script(veid, ScriptOccasion::Start, log);
    if (!external_script)
        require_bridges(change.added);
    const Fd inside = sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY);
    NetworkRecord record = claim_interfaces(veid, change);
    const Undo whole([&] { mark_whole(veid); });
    Undo unmade([&] {
        std::vector<std::string> names;
        for (const VethSpec& veth : change.added.veths)
            names.push_back(veth.host_ifname);
        const HostClaims claims;
        remove_interfaces(veid, names, record);
        keep_hardware_of(veid, before, record);
    });
    remove_interfaces(veid, change.gone, record);
    keep_hardware_of(veid, wanted, record);
    make_interfaces(change.added, record, inside, settings, external_script, log);
    write_network_record(veid, record);
    unmade.keep();
}

void renew_network(Veid veid, const Log& log) {
    HostWays ways;
    const UpkeepReport report = keep_up_vps(veid, Upkeep::Mend, ways);
    if (!report.missing.empty())
        log.say(Level::Warning, describe_mended(report));
}

void reload_network(const NetworkSpec& spec, const ScriptSettings& settings, const Log& log) {
    const NetworkRecord record = read_network_record(settings.veid).value_or(NetworkRecord{});
    const auto is_there = [&](const VethSpec& veth) {
        return if_nametoindex(veth.host_ifname.c_str()) != 0 &&
               std::any_of(record.links.begin(), record.links.end(),
                           [&](const RecordedLink& link) { return link.name == veth.host_ifname; });
    };
    if (std::any_of(spec.veths.begin(), spec.veths.end(), is_there))
        if (const auto script = find_external_script(settings.veid, ScriptOccasion::Reload, log))
            for (const VethSpec& veth : spec.veths)
                if (is_there(veth))
                    run_external_script(*script, veth, settings, log);
    // What the script has left undone.
    HostWays ways;
    const UpkeepReport report = keep_up_vps(settings.veid, Upkeep::Mend, ways);
    if (!report.cannot.empty())
        throw Error(ExitCode::System, describe_mended(report));
    if (!report.missing.empty())
        log.say(Level::Warning, describe_mended(report));
}

void undo_network(Veid veid, const Log& log) {
    if (!read_network_record(veid))
        return;
    try_undo(log, [&] {
        const HostClaims claims;  // who makes again what is missing is not doing so any more
        unmark_whole(veid);
    });
    // Between the start and this moment the devices that answer may have been chosen anew.
    const std::optional<NetworkRecord> record = read_network_record(veid);
    if (!record)
        return;
    for (const std::string& word : record->addresses)
        for (const std::string& device : record->neighbour_devices)
            try_undo(log, [&] { stop_answering_for(IpAddress::parse(word), device); });
    if (!record->devices.empty()) {
        try_undo(log, [&] { take_back_devices(veid, record->devices); });
        try_undo(log, [&] { let_go_of_namespace(veid); });
    }
    for (const RecordedLink& link : record->links)
        try_undo(log, [&] { remove_link(link.name); });
    const HostClaims claims;
    try_undo(log, [&] { drop_claims(veid, *record); });
    try_undo(log, [&] { remove_network_record(veid); });
}

}  // namespace vps

#include "network/live_network.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "network/connect.hh"
#include "network/host_claims.hh"
#include "network/links.hh"
#include "network/neighbours.hh"
#include "network/packet_filter.hh"
#include "network/record_claims.hh"
#include "network/upkeep.hh"
#include "network/venet.hh"
#include "network/veth.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

std::vector<IpAddress> without(std::vector<IpAddress> addresses,
                               const std::vector<IpAddress>& others) {
    std::set<std::string_view> bytes;  // of one family they have one length
    for (const IpAddress& other : others)
        bytes.insert(other.bytes());
    std::erase_if(addresses,
                  [&](const IpAddress& address) { return bytes.count(address.bytes()) > 0; });
    return addresses;
}

// The links of the record that the host has no more, after those that only have another name have
// got their own again. Throws Error where another device of the host has the name of one.
std::vector<RecordedLink> find_lost_links(Veid veid, const NetworkRecord& record) {
    const RouteSocket socket;
    std::vector<RecordedLink> lost;
    for (const RecordedLink& link : record.links) {
        const std::optional<LinkState> named = find_link(socket, link.name);
        if (named && (link.index == 0 || named->index == link.index))
            continue;
        if (named)
            throw Error(ExitCode::System, explain_foreign_link(link.name, veid));
        if (link.index == 0 || rename_link(socket, link.index, link.name).error != 0)
            lost.push_back(link);
    }
    return lost;
}

void erase_links(NetworkRecord& record, const std::vector<RecordedLink>& links) {
    std::erase_if(record.links, [&](const RecordedLink& link) {
        return std::find(links.begin(), links.end(), link) != links.end();
    });
}

bool has_venet(const std::vector<RecordedLink>& links) {
    return std::any_of(links.begin(), links.end(),
                       [](const RecordedLink& link) { return link.is_venet; });
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
    if (!has_venet(record.links))
        record.links.insert(record.links.begin(), {.name = venet_name(veid), .is_venet = true});
    return record;
}

// What comes out of the links is filtered by the new addresses before these are used.
void filter_links(const NetworkRecord& record) {
    for (const RecordedLink& link : record.links)
        filter_link(record, link);
}

struct AddressChange {
    std::vector<IpAddress> gone, added;
};

void change_links(const NetworkRecord& before, NetworkRecord& record, const AddressChange& change,
                  FdRef inside) {
    RecordedLink& venet = record.links.front();
    if (!has_venet(before.links)) {
        make_venet(venet.name, inside);
        Undo unmade([&] { remove_link(venet.name); });
        take_in_hand(record, venet);
        filter_links(record);
        connect_venet(venet, change.added, inside);
        unmade.keep();
        return;
    }
    filter_links(record);
    const RouteSocket socket;
    const int index = find_link_index(socket, venet.name, ExitCode::CannotAddIp);
    for (const IpAddress& address : change.gone)
        unroute_from_venet(socket, index, address);
    change_venet(inside, change.gone, change.added);
    for (const IpAddress& address : change.added)
        route_to_venet(socket, venet.name, index, address);
}

// What goes back when the change is refused, or fails half-way. `had` is the network without links
// that are lost, as `record` would have followed it.
void take_back_addresses(const NetworkRecord& had, const NetworkRecord& record,
                         const AddressChange& change, FdRef inside, const Log& log) {
    if (!has_venet(had.links)) {
        try_undo(log, [&] { remove_link(record.links.front().name); });
        return;
    }
    try_undo(log, [&] { filter_links(had); });
    try_undo(log, [&] {
        const RouteSocket socket;
        const std::string& name = record.links.front().name;
        const int index = find_link_index(socket, name, ExitCode::CannotAddIp);
        for (const IpAddress& address : change.added)
            unroute_from_venet(socket, index, address);
        for (const IpAddress& address : change.gone)
            (void)renew_route(socket, name, index, address);
    });
    try_undo(log, [&] { change_venet(inside, change.added, change.gone); });
}

void take_back_record(Veid veid, const NetworkRecord& original, const AddressChange& change,
                      const Log& log) {
    const HostClaims claims;
    for (const IpAddress& address : change.added)
        try_undo(log, [&] { drop_claim(address_claim(address.to_string()), veid); });
    try_undo(log, [&] {
        write_network_record(veid, original);
        set_claims(veid, original);
    });
}

}  // namespace

void change_network_addresses(const NetworkSpec& wanted, pid_t init, Veid veid, const Log& log) {
    const NetworkSpec spec = without_ipv6_where_it_is_off(wanted, log);
    NetworkRecord before = read_network_record(veid).value_or(NetworkRecord{});
    const std::vector<IpAddress> had = before.parsed_addresses();
    std::vector<RecordedLink> lost;
    {
        const HostClaims claims;
        lost = find_lost_links(veid, before);
    }
    std::erase_if(lost, [](const RecordedLink& link) { return !link.is_venet; });
    // The VPS's end of a link that is lost is, too, and the addresses with it.
    const AddressChange change{
        without(had, spec.addresses),
        without(spec.addresses, lost.empty() ? had : std::vector<IpAddress>())};
    if (change.gone.empty() && change.added.empty())
        return;
    const Fd inside = sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY);
    NetworkSpec asked = spec;
    asked.addresses = change.added;
    NetworkRecord original, record;
    {
        const HostClaims claims;
        refuse_addresses_of_others(veid, asked);
        // The guard may have chosen other devices until now.
        original = read_network_record(veid).value_or(before);
        before = original;
        erase_links(before, lost);
        record = with_addresses(veid, before, spec);
        refuse_too_many_addresses(record);
        unmark_whole(veid);
        write_network_record(veid, record);
        set_claims(veid, record);
    }
    const Undo whole(
        [&] { mark_whole(veid); });  // its guard makes what is missing, however it ends
    Undo unrecorded([&] { take_back_record(veid, original, change, log); });
    const std::vector<LanDevice> neighbours = ask_for_others(asked, record);
    heed_others(neighbours, asked, log);
    Undo unchanged([&] { take_back_addresses(before, record, change, inside, log); });
    change_links(before, record, change, inside);
    write_network_record(veid, record);
    unchanged.keep();
    unrecorded.keep();
    for (const IpAddress& address : change.gone) {
        for (const std::string& device : before.neighbour_devices)
            try_undo(log, [&] { stop_answering_for(address, device); });
        drop_claim(address_claim(address.to_string()), veid);
    }
    answer_for_all(change.added, neighbours, log);
    warn_of_forwarding(asked, log);
    if (!lost.empty())
        log.say(Level::Warning,
                fmt::format("{} was gone and is made again, with {} in the VPS; other routes that "
                            "the VPS had there are not",
                            record.links.front().name, kVenet));
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
    std::vector<RecordedLink> lost;  // of these, the links that the host has no more
};

InterfaceChange compare_interfaces(Veid veid, const NetworkRecord& now, const NetworkSpec& wanted,
                                   const NetworkSpec& before) {
    InterfaceChange change;
    {
        const HostClaims claims;
        change.lost = find_lost_links(veid, now);
    }
    std::erase_if(change.lost, [](const RecordedLink& link) { return link.is_venet; });
    const auto is_lost = [&](const std::string& name) {
        return std::any_of(change.lost.begin(), change.lost.end(),
                           [&](const RecordedLink& link) { return link.name == name; });
    };
    const auto stays = [&](const VethSpec& veth) {
        const VethSpec* former = find_veth(before, veth.host_ifname);
        return has_link(now, veth.host_ifname) && !is_lost(veth.host_ifname) &&
               (!former || former->ifname == veth.ifname);
    };
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
    refuse_too_many_addresses(record);
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
    for (auto link = record.links.end() - static_cast<std::ptrdiff_t>(added.veths.size());
         link != record.links.end(); ++link)
        take_in_hand(record, *link);
    connect_veths(
        added, record, [] {}, settings, external_script, log);
}

}  // namespace

void change_network_interfaces(const NetworkSpec& wanted, const NetworkSpec& before, pid_t init,
                               const ScriptSettings& settings, const Log& log) {
    const Veid veid = settings.veid;
    const InterfaceChange change = compare_interfaces(
        veid, read_network_record(veid).value_or(NetworkRecord{}), wanted, before);
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
        // What was lost before is missing still: the next reload makes it.
        for (const RecordedLink& link : change.lost)
            if (find_veth(wanted, link.name))
                record.links.push_back(link);
        keep_hardware_of(veid, before, record);
        set_claims(veid, record);
    });
    remove_interfaces(veid, change.gone, record);
    keep_hardware_of(veid, wanted, record);
    make_interfaces(change.added, record, inside, settings, external_script, log);
    write_network_record(veid, record);
    unmade.keep();
    for (const RecordedLink& link : change.lost)
        if (const VethSpec* veth = find_veth(wanted, link.name))
            log.say(Level::Warning,
                    fmt::format("{} was gone and is made again; {} in the VPS is new, and the VPS "
                                "has to configure it as at its boot",
                                link.name, veth->ifname));
}

namespace {

struct DeviceChange {
    std::vector<MovedDevice> gone, added;
};

DeviceChange compare_devices(Veid veid, const NetworkRecord& now,
                             const std::vector<std::string>& wanted) {
    DeviceChange change;
    for (const MovedDevice& device : now.devices)
        if (std::find(wanted.begin(), wanted.end(), device.name) == wanted.end())
            change.gone.push_back(device);
    std::vector<std::string> added;
    for (const std::string& name : wanted)
        if (std::none_of(now.devices.begin(), now.devices.end(),
                         [&](const MovedDevice& device) { return device.name == name; }))
            added.push_back(name);
    change.added = find_devices_to_move(veid, added);
    return change;
}

// They are in the record while they may be in the VPS.
void give_back(Veid veid, const std::vector<MovedDevice>& devices, NetworkRecord& record,
               const Log& log) {
    const std::vector<MovedDevice> missing = take_back_devices(veid, devices);
    for (const MovedDevice& device : missing)
        log.say(Level::Warning,
                fmt::format("the network device '{}' (NETDEV) is gone, or the VPS has it in a "
                            "network namespace of its own: it comes back when the VPS has ended",
                            device.name));
    std::erase_if(record.devices, [&](const MovedDevice& device) {
        return std::find(devices.begin(), devices.end(), device) != devices.end() &&
               std::find(missing.begin(), missing.end(), device) == missing.end();
    });
    write_network_record(veid, record);
    if (record.devices.empty())
        let_go_of_namespace(veid);
}

}  // namespace

void change_network_devices(const std::vector<std::string>& wanted, pid_t init, Veid veid,
                            const Log& log) {
    NetworkRecord record;
    DeviceChange change;
    {
        const HostClaims claims;
        record = read_network_record(veid).value_or(NetworkRecord{});
        change = compare_devices(veid, record, wanted);
        if (change.gone.empty() && change.added.empty())
            return;
        record.devices.insert(record.devices.end(), change.added.begin(), change.added.end());
        unmark_whole(veid);
        write_network_record(veid, record);
    }
    const Undo whole([&] { mark_whole(veid); });
    Undo unmoved([&] { try_undo(log, [&] { give_back(veid, change.added, record, log); }); });
    move_devices(veid, change.added, sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY));
    unmoved.keep();
    give_back(veid, change.gone, record, log);
}

}  // namespace vps

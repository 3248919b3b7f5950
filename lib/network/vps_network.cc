#include "network/vps_network.hh"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <optional>

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

namespace vps {

namespace {

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
    refuse_too_many_addresses(record);
    // Of a life whose record was lost or unreadable, the mark may be left: the guard would make
    // what is being made.
    unmark_whole(veid);
    // The record first: undo_network() finds by it what was claimed, however this ends.
    write_network_record(veid, record);
    set_claims(veid, record);
    return record;
}

// The links, both ends down and the host's ones guarded before anything can come out of them.
void make_links(const NetworkSpec& spec, NetworkRecord& record, FdRef inside) {
    if (!spec.addresses.empty())
        make_venet(record.links.front().name, inside);
    for (const VethSpec& veth : spec.veths)
        make_veth(veth, inside);
    for (RecordedLink& link : record.links)
        take_in_hand(record, link);
}

// A record that cannot be read keeps no VPS from starting again: what it told of has gone with the
// VPS, but for answers on devices of the host.
bool is_readable(Veid veid, const Log& log) {
    try {
        return static_cast<bool>(read_network_record(veid));
    } catch (const Error& error) {
        log.say(Level::Warning, fmt::format("{}; removing it: what of the VPS's network is left on "
                                            "the host (ip neighbour show proxy) stays",
                                            error.what()));
        remove_network_record(veid);
        return false;
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
    if (!is_readable(veid, log))
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
        try_undo(log, [&] { (void)take_back_devices(veid, record->devices); });
        try_undo(log, [&] { let_go_of_namespace(veid); });
    }
    for (const RecordedLink& link : record->links)
        try_undo(log, [&] { remove_link(link.name); });
    const HostClaims claims;
    try_undo(log, [&] { drop_claims(veid, *record); });
    try_undo(log, [&] { remove_network_record(veid); });
}

}  // namespace vps

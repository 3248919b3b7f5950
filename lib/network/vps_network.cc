#include "network/vps_network.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "network/lan_device.hh"
#include "network/links.hh"
#include "network/neighbours.hh"
#include "network/network_record.hh"
#include "network/packet_filter.hh"
#include "network/venet.hh"
#include "network/veth.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

using namespace std::chrono_literals;

// A machine of the same network answers within a few milliseconds. Whoever wants to be sure that
// none has the address (ERROR_ON_ARPFAIL) waits as long as vzctl's arpsend did.
constexpr auto kGlance = 100ms;
constexpr auto kLook = 1000ms;

// The VPS that has the address by its claim and by its record. One whose record cannot be read
// better keeps it.
std::optional<Veid> find_holder(const std::string& address) {
    const std::optional<Veid> holder = find_claim(address_claim(address));
    try {
        const auto record = holder ? read_network_record(*holder) : std::nullopt;
        const bool held = record && std::find(record->addresses.begin(), record->addresses.end(),
                                              address) != record->addresses.end();
        return held ? holder : std::nullopt;
    } catch (const Error&) {
        return holder;
    }
}

void refuse_addresses_of_others(Veid veid, const NetworkSpec& spec) {
    for (const IpAddress& address : spec.addresses)
        if (const auto other = find_holder(address.to_string()); other && *other != veid)
            throw Error(ExitCode::IpInUse,
                        fmt::format("the address {} is in use by VPS {}; change IP_ADDRESS of one "
                                    "of the two, or stop that one",
                                    address.to_string(), other->to_string()));
}

void set_claims(Veid veid, const NetworkRecord& record) {
    for (const std::string& address : record.addresses)
        set_claim(address_claim(address), veid);
    for (const std::string& link : record.links)
        set_claim(link_claim(link), veid);
}

void drop_claims(Veid veid, const NetworkRecord& record) {
    for (const std::string& address : record.addresses)
        drop_claim(address_claim(address), veid);
    for (const std::string& link : record.links)
        drop_claim(link_claim(link), veid);
}

// While one exists, no other VPS takes addresses or changes the packet filter.
class HostClaims {
  public:
    HostClaims() : dir_(sys::open(kRunDir, O_RDONLY | O_DIRECTORY)) {
        if (flock(dir_.get(), LOCK_EX) < 0)
            throw SysError(errno, "lock", kRunDir);
    }

  private:
    Fd dir_;
};

NetworkRecord claim_network(Veid veid, const NetworkSpec& spec) {
    // Of two that start at once, the second finds the first.
    const HostClaims claims;
    NetworkRecord record;
    refuse_addresses_of_others(veid, spec);
    record.neighbour_devices = find_neighbour_devices(spec);
    for (const IpAddress& address : spec.addresses)
        record.addresses.push_back(address.to_string());
    if (!spec.addresses.empty())
        record.links.push_back(venet_name(veid));
    record.devices = find_devices_to_move(veid, spec.devices);
    for (const VethSpec& veth : spec.veths) {
        // Whatever has the name is not ours to remove.
        if (if_nametoindex(veth.host_ifname.c_str()) != 0)
            throw Error(ExitCode::VethFailed,
                        fmt::format("the host has a network device '{}' already; change "
                                    "host_ifname= of {} (NETIF)",
                                    veth.host_ifname, veth.ifname));
        record.links.push_back(veth.host_ifname);
    }
    record.filter = needs_packet_filter(spec);
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

void connect_veths(const NetworkSpec& spec, const ScriptSettings& settings,
                   const std::optional<ActionScript>& external_script, const Log& log) {
    for (const VethSpec& veth : spec.veths) {
        if (external_script)
            run_external_script(*external_script, veth, settings, log);
        connect_veth(veth);
    }
}

bool is_off(const std::string& sysctl) {
    try {
        return sys::read_file("/proc/sys/" + sysctl).starts_with('0');
    } catch (const SysError&) {
        return true;
    }
}

// Host-wide settings are the administrator's, as they were with vzctl.
void warn_of_sysctls(const NetworkSpec& spec, const std::vector<std::string>& devices,
                     const Log& log) {
    const auto has = [&](int family) {
        return std::any_of(spec.addresses.begin(), spec.addresses.end(),
                           [&](const IpAddress& address) { return address.family == family; });
    };
    std::vector<std::string> missing;
    if (has(AF_INET) && is_off("net/ipv4/ip_forward"))
        missing.emplace_back("net.ipv4.ip_forward=1");
    if (has(AF_INET6)) {
        if (is_off("net/ipv6/conf/all/forwarding"))
            missing.emplace_back("net.ipv6.conf.all.forwarding=1");
        if (is_off("net/ipv6/conf/all/proxy_ndp"))
            for (const std::string& device : devices)
                if (is_off("net/ipv6/conf/" + device + "/proxy_ndp"))
                    missing.push_back("net.ipv6.conf." + device + ".proxy_ndp=1");
    }
    if (!missing.empty())
        log.say(Level::Warning,
                fmt::format("the host does not pass on its packets; set {} (in /etc/sysctl.d)",
                            fmt::join(missing, " and ")));
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

void make_network(const NetworkSpec& spec, pid_t init, const ScriptSettings& settings,
                  const Log& log) {
    const Veid veid = settings.veid;
    std::optional<ActionScript> external_script;
    if (!spec.veths.empty())
        external_script = find_external_script(veid, log);
    if (!external_script)  // which may make them
        require_bridges(spec);
    const Fd inside = sys::open(fmt::format("/proc/{}/ns/net", init), O_RDONLY);
    const NetworkRecord record = claim_network(veid, spec);

    const std::vector<LanDevice> neighbours = ask_for_others(spec, record);
    move_devices(veid, record.devices, inside);
    if (!spec.addresses.empty())
        make_venet(venet_name(veid), inside);
    for (const VethSpec& veth : spec.veths)
        make_veth(veth, inside);
    {
        const HostClaims claims;
        make_packet_filter(veid, spec);
    }
    if (!spec.addresses.empty()) {
        configure_venet(inside, spec.addresses);
        route_to_venet(venet_name(veid), spec.addresses);
    }
    connect_veths(spec, settings, external_script, log);

    heed_others(neighbours, spec, log);
    for (const IpAddress& address : spec.addresses)
        for (const LanDevice& device : neighbours) {
            answer_for(address, device.name());
            device.announce(address);
        }
    warn_of_sysctls(spec, record.neighbour_devices, log);
}

void undo_network(Veid veid, const Log& log) {
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
    for (const std::string& link : record->links)
        try_undo(log, [&] { remove_link(link); });
    // Of two that end at once, the second is the last of all.
    const HostClaims claims;
    if (record->filter)
        try_undo(log, [&] {
            const auto others = read_records_of_others(veid);
            const bool last = std::none_of(others.begin(), others.end(),
                                           [](const auto& other) { return other.second.filter; });
            remove_packet_filter(veid, record->links.size(), last ? LastOfAll::Yes : LastOfAll::No);
        });
    try_undo(log, [&] { drop_claims(veid, *record); });
    remove_network_record(veid);
}

}  // namespace vps

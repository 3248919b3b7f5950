#include "network/connect.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "network/forwarding.hh"
#include "network/host_end.hh"
#include "network/links.hh"
#include "network/neighbours.hh"
#include "network/packet_filter.hh"
#include "network/venet.hh"
#include "network/veth.hh"
#include "sys/error.hh"

namespace vps {

using namespace std::chrono_literals;

// A machine of the same network answers within a few milliseconds. Whoever wants to be sure that
// none has the address (ERROR_ON_ARPFAIL) waits as long as vzctl's arpsend did.
static constexpr auto kGlance = 100ms;
static constexpr auto kLook = 1000ms;

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

void take_in_hand(const NetworkRecord& record, RecordedLink& link) {
    const RouteSocket socket;
    make_host_end_deaf(socket, link);
    filter_link(record, link);
    link.index = find_link_index(socket, link.name, ExitCode::System);
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

void connect_veths(const NetworkSpec& spec, NetworkRecord& record,
                   const std::function<void()>& await_entry, const ScriptSettings& settings,
                   const std::optional<ActionScript>& external_script, const Log& log) {
    if (external_script)
        await_entry();
    auto link = record.links.end() - static_cast<std::ptrdiff_t>(spec.veths.size());
    for (const VethSpec& veth : spec.veths) {
        if (external_script)
            run_external_script(*external_script, veth, settings, log);
        connect_veth(veth, record, *link++, log);
    }
}

void warn_of_forwarding(const NetworkSpec& spec, const Log& log) {
    const std::vector<std::string> missing = find_missing_forwarding(spec.addresses);
    if (!missing.empty())
        log.say(Level::Warning, explain_missing_forwarding(missing));
}

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

}  // namespace vps

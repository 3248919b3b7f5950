#include "network/record_claims.hh"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "network/host_claims.hh"
#include "network/veth.hh"
#include "sys/error.hh"

namespace vps {

namespace {

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

// Two ports of one bridge with one hardware address take each other's frames.
void refuse_hardware_of_others(Veid veid, const std::string& name, const VethSpec& veth) {
    if (const auto other = find_holder(hardware_claim(name), &NetworkRecord::hardware);
        other && *other != veid)
        throw Error(ExitCode::VethFailed,
                    fmt::format("the hardware address {} is in use by VPS {} on the bridge '{}'; "
                                "change mac= of one of the two (NETIF), or stop that one",
                                veth.mac.to_string(), other->to_string(), veth.bridge));
}

RecordedLink recorded(const VethSpec& veth) {
    RecordedLink link{.name = veth.host_ifname, .ip_filter = veth.ip_filter, .bridge = veth.bridge};
    if (veth.mac_filter || veth.ip_filter)
        link.mac = veth.mac;
    return link;
}

std::vector<ClaimName> claims_of(const NetworkRecord& record) {
    std::vector<ClaimName> claims;
    for (const std::string& address : record.addresses)
        claims.push_back(address_claim(address));
    for (const RecordedLink& link : record.links)
        claims.push_back(link_claim(link.name));
    for (const std::string& name : record.hardware)
        claims.push_back(hardware_claim(name));
    return claims;
}

}  // namespace

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

void set_claims(Veid veid, const NetworkRecord& record) {
    for (const ClaimName& claim : claims_of(record))
        set_claim(claim, veid);
}

void drop_claims(Veid veid, const NetworkRecord& record) {
    for (const ClaimName& claim : claims_of(record))
        drop_claim(claim, veid);
}

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

}  // namespace vps

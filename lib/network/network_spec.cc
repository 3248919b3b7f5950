#include "network/network_spec.hh"

#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "config/config_value.hh"

namespace vps {

namespace {

void plan_addresses(const VpsConfig& config, NetworkSpec& spec,
                    std::vector<ConfigProblem>& problems) {
    std::set<std::string_view> known;  // of one family they have one length
    for (const IpAddress& address : config.addresses) {
        if (address.family == AF_INET6 && !config.ipv6)
            problems.push_back(
                {"IP_ADDRESS", quote_for_message(address.to_string()) + ": IPV6=no"});
        else if (known.insert(address.bytes()).second)
            spec.addresses.push_back(address);
    }
}

// FNV-1a: well spread, nothing secret.
std::uint64_t hash(std::initializer_list<std::string_view> parts) {
    std::uint64_t sum = 0xcbf29ce484222325;
    for (const std::string_view part : parts)
        for (const char c : std::string(part) + '\0')
            sum = (sum ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    return sum;
}

MacAddress make_mac(std::uint8_t first, std::uint64_t bits) {
    MacAddress mac;
    mac.raw[0] = first;
    for (std::size_t at = 1; at < mac.raw.size(); ++at, bits >>= 8)
        mac.raw[at] = static_cast<std::uint8_t>(bits ^ (bits >> 40));
    return mac;
}

// "veth101.0" for "eth0", as vzctl names it.
std::string default_host_ifname(Veid veid, const std::string& ifname) {
    const std::size_t digits = ifname.find_last_not_of("0123456789") + 1;
    return "veth" + veid.to_string() + "." +
           (digits < ifname.size() ? ifname.substr(digits) : ifname);
}

// Why the device cannot be beside the others; empty if it can.
std::string find_conflict(const VethSpec& veth, const NetworkSpec& spec) {
    if (!is_link_name(veth.host_ifname))
        return quote_for_message(veth.host_ifname) +
               " would be its name on the host, which is too long; give host_ifname=";
    if (veth.ip_filter && spec.addresses.empty())
        return "ip_filter=on lets the addresses of IP_ADDRESS pass, and there is none";
    if (veth.ifname == kVenet && !spec.addresses.empty())
        return "the device of IP_ADDRESS has that name";
    for (const VethSpec& other : spec.veths)
        if (other.ifname == veth.ifname || other.host_ifname == veth.host_ifname)
            return "another device has that name";
    return {};
}

void plan_veths(Veid veid, const VpsConfig& config, std::string_view host, NetworkSpec& spec,
                std::vector<ConfigProblem>& problems) {
    for (const NetifSpec& netif : config.netifs) {
        const std::uint64_t bits = hash({host, veid.to_string(), netif.ifname});
        // Locally administered; the host's end highest of all, because a bridge without an address
        // of its own takes the lowest of its ports'.
        VethSpec veth{
            netif.ifname,
            netif.host_ifname.empty() ? default_host_ifname(veid, netif.ifname) : netif.host_ifname,
            netif.mac.value_or(make_mac(0x02, bits)),
            netif.host_mac.value_or(make_mac(0xfe, bits)),
            netif.bridge,
            netif.mac_filter,
            netif.ip_filter};
        if (const std::string conflict = find_conflict(veth, spec); !conflict.empty())
            problems.push_back({"NETIF", quote_for_message(netif.ifname) + ": " + conflict});
        else
            spec.veths.push_back(std::move(veth));
    }
}

void plan_devices(const VpsConfig& config, NetworkSpec& spec) {
    for (const std::string& name : config.netdevs)
        if (std::find(spec.devices.begin(), spec.devices.end(), name) == spec.devices.end())
            spec.devices.push_back(name);
}

ArpDetect plan_arp_detect(const VpsConfig& config) {
    if (config.skip_arpdetect)
        return ArpDetect::Skip;
    return config.error_on_arpfail ? ArpDetect::Refuse : ArpDetect::Warn;
}

}  // namespace

NetworkSpec plan_network(Veid veid, const VpsConfig& config, std::string_view host,
                         std::vector<ConfigProblem>& problems) {
    NetworkSpec spec;
    plan_addresses(config, spec, problems);
    spec.neighbour_devices = config.neighbour_devices;
    spec.arp_detect = plan_arp_detect(config);
    plan_veths(veid, config, host, spec, problems);
    plan_devices(config, spec);
    return spec;
}

std::string venet_name(Veid veid) {
    return "venet" + veid.to_string();
}

}  // namespace vps

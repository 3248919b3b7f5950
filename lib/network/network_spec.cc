#include "network/network_spec.hh"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "config/config_value.hh"
#include "sys/error.hh"

namespace vps {

namespace {

std::string_view value_of(const VpsConfig& config, std::string_view key) {
    const std::string* value = config.find_other(key);
    return value ? std::string_view(*value) : std::string_view();
}

// A mask is a number of bits or, of IPv4, spelled as an address.
unsigned parse_mask(std::string_view text, int family) {
    const unsigned most = family == AF_INET ? 32 : 128;
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error == std::errc() && end == text.data() + text.size() && bits >= 1 && bits <= most)
        return bits;
    in_addr mask{};
    if (family == AF_INET && inet_pton(AF_INET, std::string(text).c_str(), &mask) == 1) {
        const std::uint32_t ones = ntohl(mask.s_addr);
        if (ones != 0 && std::countl_one(ones) + std::countr_zero(ones) == 32)
            return static_cast<unsigned>(std::countl_one(ones));
    }
    throw Error(ExitCode::BadIp, "the mask is not 1 to " + std::to_string(most) +
                                     (family == AF_INET ? ", or like 255.255.255.0" : ""));
}

// Why nobody's traffic can go to it; null if it can.
const char* find_fault(const IpAddress& address) {
    const std::uint8_t* raw = address.raw.data();
    if (address.family == AF_INET) {
        if (raw[0] == 0 || raw[0] == 127)
            return "no address that a network can have";
        return raw[0] >= 224 ? "a multicast or reserved address" : nullptr;
    }
    in6_addr v6{};
    std::copy_n(raw, sizeof v6, v6.s6_addr);
    if (IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_V4MAPPED(&v6))
        return "no address that a network can have";
    if (IN6_IS_ADDR_LINKLOCAL(&v6))
        return "a link-local address";
    return IN6_IS_ADDR_MULTICAST(&v6) ? "a multicast address" : nullptr;
}

void plan_addresses(const VpsConfig& config, NetworkSpec& spec,
                    std::vector<std::string>& problems) {
    for (const std::string_view word : words_of(value_of(config, "IP_ADDRESS"))) {
        const auto problem = [&](const std::string& why) {
            problems.push_back("IP_ADDRESS: " + quote_for_message(word) + ": " + why);
        };
        try {
            const IpAddress address = IpAddress::parse(word);
            const auto same = [&](const IpAddress& other) { return other.raw == address.raw; };
            if (address.family == AF_INET6 && value_of(config, "IPV6") == "no")
                problem("IPV6=no");
            else if (std::none_of(spec.addresses.begin(), spec.addresses.end(), same))
                spec.addresses.push_back(address);
        } catch (const Error& error) {
            problem(error.what());
        }
    }
}

void plan_neighbour_devices(const VpsConfig& config, NetworkSpec& spec,
                            std::vector<std::string>& problems) {
    const std::string_view value = value_of(config, "NEIGHBOUR_DEVS");
    if (value == "detect" || value.empty())
        return;
    if (!value.starts_with("list:")) {
        // vzctl takes every other word for this one.
        spec.neighbour_devices.kind = NeighbourDevices::Kind::All;
        if (value != "all")
            problems.push_back("NEIGHBOUR_DEVS: " + quote_for_message(value) +
                               ": none of detect, all and list:…, taken for all");
        return;
    }
    spec.neighbour_devices.kind = NeighbourDevices::Kind::List;
    for (const std::string_view word : words_of(value.substr(5)))
        if (is_link_name(word))
            spec.neighbour_devices.list.emplace_back(word);
        else
            problems.push_back("NEIGHBOUR_DEVS: " + quote_for_message(word) +
                               ": no name of a device");
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

// One setting of a device; returns what is wrong with it, or null.
const char* read_veth_setting(VethSpec& veth, std::string_view key, std::string_view value,
                              std::optional<MacAddress>& mac, std::optional<MacAddress>& host_mac) {
    if (key == "mac" || key == "host_mac") {
        std::optional<MacAddress>& field = key == "mac" ? mac : host_mac;
        field = MacAddress::parse(value);
        return field ? nullptr : "no hardware address of a single device, like 00:18:51:a0:b1:c2";
    }
    if (key == "mac_filter") {
        veth.mac_filter = value != "off";
        return value == "on" || value == "off" ? nullptr : "neither on nor off";
    }
    for (const auto& [name, field] : {std::pair{"ifname", &VethSpec::ifname},
                                      {"host_ifname", &VethSpec::host_ifname},
                                      {"bridge", &VethSpec::bridge}})
        if (key == name) {
            veth.*field = value;
            return is_link_name(value) ? nullptr : "no name of a device (at most 15 characters)";
        }
    return "unknown; there are ifname, mac, host_ifname, host_mac, bridge and mac_filter";
}

void plan_veths(Veid veid, const VpsConfig& config, std::string_view host, NetworkSpec& spec,
                std::vector<std::string>& problems) {
    for (const std::string_view text : words_of(value_of(config, "NETIF"), "; \t\n")) {
        VethSpec veth;
        std::optional<MacAddress> mac, host_mac;
        std::string problem;
        for (const std::string_view setting : words_of(text, ",")) {
            const std::size_t equals = std::min(setting.find('='), setting.size());
            if (const char* why = read_veth_setting(
                    veth, setting.substr(0, equals),
                    setting.substr(std::min(equals + 1, setting.size())), mac, host_mac);
                why && problem.empty())
                problem = quote_for_message(setting) + ": " + why;
        }
        if (veth.ifname.empty() && problem.empty())
            problem = "ifname= is missing";
        if (veth.host_ifname.empty())
            veth.host_ifname = default_host_ifname(veid, veth.ifname);
        if (problem.empty() && !is_link_name(veth.host_ifname))
            problem = quote_for_message(veth.host_ifname) +
                      " would be its name on the host, which is too long; give host_ifname=";
        if (veth.ifname == kVenet && !spec.addresses.empty())
            problem = "the device of IP_ADDRESS has that name";
        for (const VethSpec& other : spec.veths)
            if (other.ifname == veth.ifname || other.host_ifname == veth.host_ifname)
                problem = "another device has that name";
        if (!problem.empty()) {
            problems.push_back("NETIF: " + quote_for_message(text) + ": " + problem);
            continue;
        }
        const std::uint64_t bits = hash({host, veid.to_string(), veth.ifname});
        // Locally administered; the host's end highest of all, because a bridge without an address
        // of its own takes the lowest of its ports'.
        veth.mac = mac.value_or(make_mac(0x02, bits));
        veth.host_mac = host_mac.value_or(make_mac(0xfe, bits));
        spec.veths.push_back(std::move(veth));
    }
}

void plan_devices(const VpsConfig& config, NetworkSpec& spec, std::vector<std::string>& problems) {
    for (const std::string_view word : words_of(value_of(config, "NETDEV"), ", \t\n"))
        if (!is_link_name(word) || word == "lo")
            problems.push_back("NETDEV: " + quote_for_message(word) + ": no name of a device");
        else if (std::find(spec.devices.begin(), spec.devices.end(), word) == spec.devices.end())
            spec.devices.emplace_back(word);
}

ArpDetect plan_arp_detect(const VpsConfig& config) {
    if (value_of(config, "SKIP_ARPDETECT") == "yes")
        return ArpDetect::Skip;
    return value_of(config, "ERROR_ON_ARPFAIL") == "yes" ? ArpDetect::Refuse : ArpDetect::Warn;
}

}  // namespace

IpAddress IpAddress::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string plain(text.substr(0, slash));
    IpAddress address;
    address.family = plain.find(':') == plain.npos ? AF_INET : AF_INET6;
    if (plain.size() != std::char_traits<char>::length(plain.c_str()) ||
        inet_pton(address.family, plain.c_str(), address.raw.data()) != 1)
        throw Error(ExitCode::BadIp, "not an IP address");
    if (const char* fault = find_fault(address))
        throw Error(ExitCode::BadIp, fault);
    address.prefix = slash == text.npos ? (address.family == AF_INET ? 32 : 128)
                                        : parse_mask(text.substr(slash + 1), address.family);
    return address;
}

std::string_view IpAddress::bytes() const {
    return {reinterpret_cast<const char*>(raw.data()), family == AF_INET ? 4U : 16U};
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(family, raw.data(), text, sizeof text) ? text : "";
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
    MacAddress mac;
    if (text.size() != 3 * mac.raw.size() - 1)
        return std::nullopt;
    for (std::size_t i = 0; i < mac.raw.size(); ++i) {
        const char* const start = text.data() + 3 * i;
        const auto [end, error] = std::from_chars(start, start + 2, mac.raw[i], 16);
        if (error != std::errc() || end != start + 2)
            return std::nullopt;
        if (i + 1 < mac.raw.size() && *end != ':' && *end != '-')
            return std::nullopt;
    }
    const bool is_group = mac.raw[0] & 1;
    return is_group || mac == MacAddress{} ? std::nullopt : std::optional(mac);
}

std::string_view MacAddress::bytes() const {
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

std::string MacAddress::to_string() const {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : raw) {
        if (!text.empty())
            text += ':';
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

bool is_link_name(std::string_view name) {
    return !name.empty() && name.size() < IFNAMSIZ && name[0] != '-' && name != "." &&
           name != ".." && std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-' || c == '@';
           });
}

bool wants_network(const VpsConfig& config) {
    return std::any_of(config.others.begin(), config.others.end(), [](const Setting& setting) {
        return !setting.value.empty() &&
               (setting.key == "IP_ADDRESS" || setting.key == "NETIF" || setting.key == "NETDEV");
    });
}

NetworkSpec plan_network(Veid veid, const VpsConfig& config, std::string_view host,
                         std::vector<std::string>& problems) {
    NetworkSpec spec;
    plan_addresses(config, spec, problems);
    plan_neighbour_devices(config, spec, problems);
    spec.arp_detect = plan_arp_detect(config);
    plan_veths(veid, config, host, spec, problems);
    plan_devices(config, spec, problems);
    return spec;
}

std::string venet_name(Veid veid) {
    return "venet" + veid.to_string();
}

}  // namespace vps

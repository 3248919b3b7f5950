#include "config/address.hh"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>

#include "config/config_value.hh"
#include "sys/error.hh"

namespace vps {

namespace {

// A mask: a number of bits or, for IPv4, an address.
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

// The reason why no traffic can go to the address; null if it can.
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

// /proc/sys/net/ipv4/conf has these two beside the devices, so that the kernel makes none.
bool is_kept_by_kernel(std::string_view name) {
    return name == "all" || name == "default";
}

// Settings of Virtuozzo's, about what the VPS configures for itself or about networks of its own
// tools. The last, ip6, may have several values with commas between them.
constexpr std::string_view kPassedOver[] = {"network", "configure", "gw", "gw6",
                                            "dhcp",    "dhcp6",     "ip", "ip6"};

std::string_view key_of(std::string_view setting) {
    return setting.substr(0, setting.find('='));
}

// One setting of a device; returns what is wrong with it, or null.
const char* read_setting(NetifSpec& netif, std::string_view key, std::string_view value) {
    if (key == "mac" || key == "host_mac") {
        std::optional<MacAddress>& field = key == "mac" ? netif.mac : netif.host_mac;
        field = MacAddress::parse(value);
        return field || value.empty()
                   ? nullptr
                   : "no hardware address of a single device, like 00:18:51:a0:b1:c2";
    }
    for (const auto& [name, filter] :
         {std::pair{"mac_filter", &NetifSpec::mac_filter}, {"ip_filter", &NetifSpec::ip_filter}})
        if (key == name) {
            netif.*filter = value != "off";
            return value == "on" || value == "off" ? nullptr : "neither on nor off";
        }
    for (const auto& [name, field] : {std::pair{"ifname", &NetifSpec::ifname},
                                      {"host_ifname", &NetifSpec::host_ifname},
                                      {"bridge", &NetifSpec::bridge}})
        if (key == name) {
            netif.*field = value;
            if (value.empty() && key != "ifname")
                return nullptr;  // as if absent, for vzctl too
            if (value == "lo")
                return "no name of a device: the loopback device has it";
            if (is_kept_by_kernel(value))
                return "no name of a device: settings of all devices have it";
            return is_link_name(value) ? nullptr : "no name of a device (at most 15 characters)";
        }
    return "unknown; there are ifname, mac, host_ifname, host_mac, bridge, mac_filter and "
           "ip_filter";
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
           name != ".." && !is_kept_by_kernel(name) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-' || c == '@';
           });
}

std::vector<std::string_view> find_passed_over(std::string_view netif) {
    std::vector<std::string_view> found;
    bool is_more_of_ip6 = false;
    for (const std::string_view setting : words_of(netif, ",")) {
        const std::string_view key = key_of(setting);
        const bool has_key = key.size() < setting.size();
        const bool is_other = has_key && std::find(std::begin(kPassedOver), std::end(kPassedOver),
                                                   key) != std::end(kPassedOver);
        if (is_other || (!has_key && is_more_of_ip6))
            found.push_back(setting);
        is_more_of_ip6 = has_key ? key == "ip6" : is_more_of_ip6;
    }
    return found;
}

std::optional<NetifSpec> parse_netif(std::string_view text, std::string& why) {
    NetifSpec netif;
    const std::vector<std::string_view> others = find_passed_over(text);
    for (const std::string_view setting : words_of(text, ",")) {
        if (std::find(others.begin(), others.end(), setting) != others.end())
            continue;
        const std::size_t equals = std::min(setting.find('='), setting.size());
        const char* fault = read_setting(netif, setting.substr(0, equals),
                                         setting.substr(std::min(equals + 1, setting.size())));
        if (fault && why.empty())
            why = quote_for_message(setting) + ": " + fault;
    }
    if (netif.ifname.empty() && why.empty())
        why = "ifname= is missing";
    return why.empty() ? std::optional(std::move(netif)) : std::nullopt;
}

}  // namespace vps

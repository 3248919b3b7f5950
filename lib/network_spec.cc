#include "network_spec.hh"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "config_value.hh"
#include "error.hh"

namespace vps {

namespace {

std::vector<std::string_view> split_words(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\n";
    std::vector<std::string_view> words;
    for (std::size_t at = 0; (at = text.find_first_not_of(kBlanks, at)) != text.npos;) {
        const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
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
    const std::string* value = config.find_other("IP_ADDRESS");
    if (!value)
        return;
    const std::string* ipv6 = config.find_other("IPV6");
    for (const std::string_view word : split_words(*value)) {
        const auto problem = [&](const std::string& why) {
            problems.push_back("IP_ADDRESS: " + quote_for_message(word) + ": " + why);
        };
        try {
            const IpAddress address = IpAddress::parse(word);
            const auto same = [&](const IpAddress& other) { return other.raw == address.raw; };
            if (address.family == AF_INET6 && ipv6 && *ipv6 == "no")
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
    const std::string* value = config.find_other("NEIGHBOUR_DEVS");
    if (!value || *value == "detect" || value->empty())
        return;
    if (!value->starts_with("list:")) {
        // vzctl takes every other word for this one.
        spec.neighbour_devices.kind = NeighbourDevices::Kind::All;
        if (*value != "all")
            problems.push_back("NEIGHBOUR_DEVS: " + quote_for_message(*value) +
                               ": none of detect, all and list:…, taken for all");
        return;
    }
    spec.neighbour_devices.kind = NeighbourDevices::Kind::List;
    for (const std::string_view word : split_words(std::string_view(*value).substr(5)))
        if (is_link_name(word))
            spec.neighbour_devices.list.emplace_back(word);
        else
            problems.push_back("NEIGHBOUR_DEVS: " + quote_for_message(word) +
                               ": no name of a device");
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

bool is_link_name(std::string_view name) {
    return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != '%';
           });
}

NetworkSpec plan_network(const VpsConfig& config, std::vector<std::string>& problems) {
    NetworkSpec spec;
    plan_addresses(config, spec, problems);
    plan_neighbour_devices(config, spec, problems);
    return spec;
}

std::string venet_name(Veid veid) {
    return "venet" + veid.to_string();
}

}  // namespace vps

#include "config/config_list.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "sys/error.hh"
#include "sys/split.hh"

namespace vps {

namespace {

// Reads the words of a value one by one: `take` takes a word in, or returns the reason why it
// cannot, or an empty text for a word without a meaning. Returns whether the value is of use.
template <typename Take>
Verdict read_words(std::string_view text, std::string_view separators, Reading& reading,
                   Take take) {
    bool good = false;
    for (const auto word : words_of(text, separators)) {
        if (word.starts_with('#'))
            break;  // a comment, as behind vz.conf's own NAMESERVER=inherit
        std::optional<std::string> why = take(word);
        good |= !why || why->empty();
        if (why && !why->empty())
            reading.left_out.push_back({.word = word, .why = std::move(*why)});
    }
    return good || reading.left_out.empty() ? kGood : Verdict{Verdict::Bad, nullptr};
}

// Reads the items of a vector likewise. `parse` returns an item, or nothing and the reason in its
// second argument.
template <typename Item, typename Parse>
Verdict read_items(std::vector<Item>& out, std::string_view text, std::string_view separators,
                   Reading& reading, Parse parse) {
    std::vector<Item> items;
    const auto take = [&](std::string_view word) -> std::optional<std::string> {
        std::string why;
        std::optional<Item> item = parse(word, why);
        if (!item)
            return why;
        items.push_back(std::move(*item));
        return std::nullopt;
    };
    const auto verdict = read_words(text, separators, reading, take);
    if (verdict.grade == Verdict::Bad)
        return verdict;
    if (reading.field == Reading::Field::ToReplace)
        out = std::move(items);
    else
        std::move(items.begin(), items.end(), std::back_inserter(out));
    return verdict;
}

Verdict read_names(std::vector<std::string>& out, std::string_view text,
                   std::string_view separators, Reading& reading, bool (*is_good)(std::string_view),
                   const char* wrong) {
    return read_items(out, text, separators, reading,
                      [&](std::string_view word, std::string& why) -> std::optional<std::string> {
                          if (is_good(word))
                              return std::string(word);
                          why = wrong;
                          return std::nullopt;
                      });
}

bool is_name_server(std::string_view word) {
    return word == "inherit" || is_ip_address(word);
}

bool is_search_domain(std::string_view word) {
    constexpr std::size_t kLongestName = 253, kLongestPart = 63;
    if (word == ".")
        return true;
    if (word.ends_with('.'))
        word.remove_suffix(1);
    return word.size() <= kLongestName && has_name_parts(word, kLongestPart);
}

bool is_netdev(std::string_view word) {
    return is_link_name(word) && word != "lo";
}

constexpr std::string_view kBlanks = " \t\n";
constexpr const char* kNoDevice = "no name of a device";
constexpr const char* kPassedOver = "says nothing here: the VPS configures the device itself";

// The access of a device; vzctl knows q, too, for quota. Nothing for other text.
std::optional<std::string> parse_access(std::string_view text) {
    std::string access(text);
    std::erase(access, 'q');
    if (access.empty() || access.find_first_not_of("rwm") != std::string::npos)
        return std::nullopt;
    return access;
}

std::optional<unsigned> to_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::optional<DeviceRule> parse_rule(std::string_view word, std::string& why) {
    if (word.ends_with(":none"))
        return std::nullopt;
    const std::vector<std::string_view> parts = split(word, ':');
    if (parts.size() == 4 && (parts[0] == "c" || parts[0] == "b")) {
        const auto major = to_number(parts[1]), minor = to_number(parts[2]);
        const auto access = parse_access(parts[3]);
        if (major && access && (minor || parts[2] == "all"))
            return DeviceRule{parts[0] == "b", *major, minor, *access};
    }
    why = "not like c:10:200:rw or b:8:all:r";
    return std::nullopt;
}

std::optional<DeviceNode> parse_node(std::string_view word, std::string& why) {
    if (word.ends_with(":none"))
        return std::nullopt;
    const std::vector<std::string_view> parts = split(word, ':');
    const auto access = parts.size() == 2 ? parse_access(parts[1]) : std::nullopt;
    std::string name(parts[0]);
    if (access && !name.empty() && name.front() != '/' && name.find('\0') == std::string::npos &&
        ("/" + name + "/").find("/../") == std::string::npos)
        return DeviceNode{std::move(name), *access};
    why = "not like net/tun:rw";
    return std::nullopt;
}

// FEATURES that are no device: a VPS has them in its namespaces, as far as a stock kernel does.
constexpr std::string_view kOtherFeatures[] = {"nfs",   "nfsd",   "sit",   "ipip",
                                               "ipgre", "bridge", "sysfs", "time"};

constexpr std::pair<std::string_view, bool DeviceFeatures::*> kDeviceFeatures[] = {
    {"ppp", &DeviceFeatures::ppp}, {"tun", &DeviceFeatures::tun}, {"fuse", &DeviceFeatures::fuse}};

const char* change_feature(DeviceFeatures& features, std::string_view word) {
    const auto colon = std::min(word.find(':'), word.size());
    const auto name = word.substr(0, colon), state = word.substr(colon);
    if (state != ":on" && state != ":off")
        return "not like tun:on";
    for (const auto& [device, field] : kDeviceFeatures)
        if (name == device) {
            features.*field = state == ":on";
            return nullptr;
        }
    const bool known = std::find(std::begin(kOtherFeatures), std::end(kOtherFeatures), name) !=
                       std::end(kOtherFeatures);
    return known ? nullptr : "no feature";
}

// Reads words that change the field: of two words on one thing the later counts.
template <typename Changes>
Verdict read_changes(Changes& out, std::string_view text, Reading& reading,
                     const char* (*change)(Changes&, std::string_view)) {
    Changes changes = reading.field == Reading::Field::ToExtend ? out : Changes{};
    const auto take = [&](std::string_view word) -> std::optional<std::string> {
        const char* why = change(changes, word);
        return why ? std::optional<std::string>(why) : std::nullopt;
    };
    const auto verdict = read_words(text, kBlanks, reading, take);
    if (verdict.grade != Verdict::Bad)
        out = changes;
    return verdict;
}

bool is_mount_option(std::string_view word) {
    constexpr std::string_view kNotForVpses[]{"source", "errors", "journal_dev", "journal_path"};
    const std::string_view name = word.substr(0, word.find('='));
    const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    return is_name && std::find(std::begin(kNotForVpses), std::end(kNotForVpses), name) ==
                          std::end(kNotForVpses);
}

// The numbers are not taken from the libc, because an older one lacks the younger names.
constexpr std::pair<std::string_view, unsigned> kSocketFamilies[] = {
    {"unix", 1},        {"inet", 2},     {"ax25", 3},     {"ipx", 4},       {"appletalk", 5},
    {"netrom", 6},      {"bridge", 7},   {"atmpvc", 8},   {"x25", 9},       {"inet6", 10},
    {"rose", 11},       {"decnet", 12},  {"netbeui", 13}, {"security", 14}, {"key", 15},
    {"netlink", 16},    {"packet", 17},  {"ash", 18},     {"econet", 19},   {"atmsvc", 20},
    {"rds", 21},        {"sna", 22},     {"irda", 23},    {"pppox", 24},    {"wanpipe", 25},
    {"llc", 26},        {"ib", 27},      {"mpls", 28},    {"can", 29},      {"tipc", 30},
    {"bluetooth", 31},  {"iucv", 32},    {"rxrpc", 33},   {"isdn", 34},     {"phonet", 35},
    {"ieee802154", 36}, {"caif", 37},    {"alg", 38},     {"nfc", 39},      {"vsock", 40},
    {"kcm", 41},        {"qipcrtr", 42}, {"smc", 43},     {"xdp", 44},      {"mctp", 45}};

const char* add_socket_family(std::uint64_t& families, std::string_view word) {
    for (const auto& [name, number] : kSocketFamilies)
        if (name == word) {
            families |= std::uint64_t{1} << number;
            return nullptr;
        }
    return "no family of sockets, as vsock or alg";
}

}  // namespace

bool is_ip_address(std::string_view text) {
    in6_addr address{};
    const std::string copy(text);
    return copy.find('\0') == copy.npos && (inet_pton(AF_INET, copy.c_str(), &address) == 1 ||
                                            inet_pton(AF_INET6, copy.c_str(), &address) == 1);
}

Verdict read_name_servers(std::vector<std::string>& out, std::string_view text, Reading& reading) {
    constexpr std::size_t kMost = 3;  // MAXNS of resolv.h, and of musl
    const auto verdict = read_names(out, text, kBlanks, reading, is_name_server,
                                    "neither an IP address nor 'inherit'");
    if (verdict.grade == Verdict::Good && out.size() > kMost)
        return odd("more than three: resolvers ask the first three only");
    return verdict;
}

Verdict read_search_domains(std::vector<std::string>& out, std::string_view text,
                            Reading& reading) {
    return read_names(out, text, kBlanks, reading, is_search_domain, "not a domain name");
}

Verdict read_addresses(std::vector<IpAddress>& out, std::string_view text, Reading& reading) {
    const auto parse = [](std::string_view word, std::string& why) -> std::optional<IpAddress> {
        if (word == "0.0.0.0" || word == "::" || word == "::0")
            return std::nullopt;
        try {
            return IpAddress::parse(word);
        } catch (const Error& error) {
            why = error.what();
            return std::nullopt;
        }
    };
    const Verdict verdict = read_items(out, text, kBlanks, reading, parse);
    if (out.size() <= kMostAddresses)
        return verdict;
    out.resize(kMostAddresses);
    reading.left_out.push_back({.word = text,
                                .why = "more than " + std::to_string(kMostAddresses) + " addresses",
                                .refuses = LeftOut::Refuses::Yes});
    return {Verdict::Bad, nullptr};
}

Verdict read_netifs(std::vector<NetifSpec>& out, std::string_view text, Reading& reading) {
    constexpr std::string_view kSeparators = "; \t\n";
    (void)read_items(out, text, kSeparators, reading, parse_netif);
    const bool is_bad = !reading.left_out.empty();
    for (LeftOut& left : reading.left_out)
        left.refuses = LeftOut::Refuses::Yes;
    for (const std::string_view netif : words_of(text, kSeparators)) {
        if (netif.starts_with('#'))
            break;
        for (const std::string_view setting : find_passed_over(netif))
            reading.left_out.push_back({.word = setting, .why = kPassedOver});
    }
    return is_bad ? Verdict{Verdict::Bad, nullptr} : kGood;
}

Verdict read_netdevs(std::vector<std::string>& out, std::string_view text, Reading& reading) {
    return read_names(out, text, ", \t\n", reading, is_netdev, kNoDevice);
}

static bool is_module(std::string_view word) {
    return std::all_of(word.begin(), word.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

Verdict read_modules(std::vector<std::string>& out, std::string_view text, Reading& reading) {
    return read_names(out, text, ", \t\n", reading, is_module, "no name of a module");
}

Verdict read_neighbour_devices(NeighbourDevices& out, std::string_view text, Reading& reading) {
    using Kind = NeighbourDevices::Kind;
    if (text.empty() || text == "detect") {
        out = {};
        return kGood;
    }
    constexpr std::string_view kList = "list:";
    if (!text.starts_with(kList)) {
        out = {Kind::All, {}};
        return text == "all" ? kGood : odd("none of detect, all and list:…, taken for all");
    }
    std::vector<std::string> list;
    (void)read_names(list, text.substr(kList.size()), kBlanks, reading, is_link_name, kNoDevice);
    out = {Kind::List, std::move(list)};
    return kGood;
}

Verdict read_device_rules(std::vector<DeviceRule>& out, std::string_view text, Reading& reading) {
    return read_items(out, text, kBlanks, reading, parse_rule);
}

Verdict read_device_nodes(std::vector<DeviceNode>& out, std::string_view text, Reading& reading) {
    return read_items(out, text, kBlanks, reading, parse_node);
}

Verdict read_features(DeviceFeatures& out, std::string_view text, Reading& reading) {
    return read_changes(out, text, reading, change_feature);
}

Verdict read_mount_options(std::vector<std::string>& out, std::string_view text, Reading& reading) {
    return read_names(out, text, ", \t\n", reading, is_mount_option,
                      "no option, or one that decides which device is mounted or what an error of "
                      "it does to the host");
}

Verdict read_socket_families(std::uint64_t& out, std::string_view text, Reading& reading) {
    return read_changes(out, text, reading, add_socket_family);
}

// A VPS must not start with a capability that a word was to take away; a word that was to give one
// is no reason to refuse.
Verdict read_capabilities(CapabilityChanges& out, std::string_view text, Reading& reading) {
    const auto verdict = read_changes(out, text, reading, change_capability);
    const bool guards =
        std::any_of(reading.left_out.begin(), reading.left_out.end(),
                    [](const LeftOut& left) { return !left.word.ends_with(":on"); });
    if (!guards)
        return verdict;
    reading.left_out.clear();
    return bad(
        "no list like 'SYS_PTRACE:off MKNOD:off', with names of capabilities(7) and blanks between "
        "them");
}

}  // namespace vps

#include "network/network_record.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// A line each: the word, a blank, a name.
struct Field {
    const char* word;
    std::vector<std::string> NetworkRecord::*names;
};
constexpr Field kFields[] = {
    {"address", &NetworkRecord::addresses},
    {"neighbour", &NetworkRecord::neighbour_devices},
    {"hardware", &NetworkRecord::hardware},
};
constexpr const char* kChoice = "choice";  // "detect", "all", or "list" and names
constexpr const char* kDetect = "detect";
constexpr const char* kAll = "all";
constexpr const char* kList = "list";
constexpr const char* kLink = "link";      // name, then the words below that apply
constexpr const char* kDevice = "device";  // name, index, then what it was like
constexpr std::string_view kMtu = "mtu=", kFlags = "flags=", kQueue = "queue=", kAlias = "alias=",
                           kAltname = "altname=";
constexpr const char* kVenetWord = "venet";
constexpr const char* kAnswers = "answers";
constexpr const char* kIpFilter = "ip_filter";
constexpr std::string_view kMac = "mac=", kBridge = "bridge=", kIndex = "index=";

RecordedLink read_link(std::istringstream& words) {
    RecordedLink link;
    words >> link.name;
    for (std::string word; words >> word;) {
        const std::string_view text = word;
        link.is_venet |= text == kVenetWord;
        link.answers |= text == kAnswers;
        link.ip_filter |= text == kIpFilter;
        if (text.starts_with(kMac))
            link.mac = MacAddress::parse(text.substr(kMac.size()));
        if (text.starts_with(kBridge))
            link.bridge = text.substr(kBridge.size());
        if (text.starts_with(kIndex))
            (void)std::from_chars(text.data() + kIndex.size(), text.data() + text.size(),
                                  link.index);
    }
    return link;
}

// Bytes of any kind, in a word.
std::string print_hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

std::string parse_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at + 2 <= text.size(); at += 2) {
        unsigned char byte = 0;
        (void)std::from_chars(&text[at], &text[at] + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

DeviceState read_device_state(std::istringstream& words) {
    DeviceState state;
    for (std::string word; words >> word;) {
        const std::string_view text = word;
        const std::string_view value = text.substr(std::min(text.find('=') + 1, text.size()));
        for (const auto& [key, number] : {std::pair{kMtu, &DeviceState::mtu},
                                          {kFlags, &DeviceState::flags},
                                          {kQueue, &DeviceState::queue_length}})
            if (text.starts_with(key))
                (void)std::from_chars(value.data(), value.data() + value.size(), state.*number);
        if (text.starts_with(kMac))
            state.mac = parse_hex(value);
        if (text.starts_with(kAlias))
            state.alias = parse_hex(value);
        if (text.starts_with(kAltname))
            state.altnames.push_back(parse_hex(value));
    }
    return state;
}

std::string print_device(const MovedDevice& device) {
    const DeviceState& was = device.was;
    std::string text =
        fmt::format("{} {} {} {}{} {}{} {}{} {}{}", kDevice, device.name, device.index, kMtu,
                    was.mtu, kFlags, was.flags, kQueue, was.queue_length, kMac, print_hex(was.mac));
    if (!was.alias.empty())
        text += fmt::format(" {}{}", kAlias, print_hex(was.alias));
    for (const std::string& name : was.altnames)
        text += fmt::format(" {}{}", kAltname, print_hex(name));
    return text + '\n';
}

std::optional<NeighbourDevices> read_choice(const std::string& kind, std::istringstream& words) {
    using Kind = NeighbourDevices::Kind;
    if (kind == kDetect)
        return NeighbourDevices{Kind::Detect, {}};
    if (kind == kAll)
        return NeighbourDevices{Kind::All, {}};
    if (kind != kList)
        return std::nullopt;
    NeighbourDevices choice{Kind::List, {}};
    for (std::string name; words >> name;)
        choice.list.push_back(name);
    return choice;
}

std::string print_choice(const NeighbourDevices& choice) {
    using Kind = NeighbourDevices::Kind;
    std::string text = fmt::format("{} {}", kChoice,
                                   choice.kind == Kind::Detect ? kDetect
                                   : choice.kind == Kind::All  ? kAll
                                                               : kList);
    for (const std::string& name : choice.list)
        text += ' ' + name;
    return text + '\n';
}

void read_line(const std::string& line, NetworkRecord& record) {
    std::istringstream words(line);
    std::string word, name;
    words >> word;
    if (word == kLink) {
        if (RecordedLink link = read_link(words); !link.name.empty())
            record.links.push_back(std::move(link));
        return;
    }
    if (!(words >> name))
        return;
    if (int index = 0; word == kDevice && words >> index)
        record.devices.push_back({name, index, read_device_state(words)});
    if (word == kChoice)
        record.choice = read_choice(name, words);
    for (const Field& field : kFields)
        if (word == field.word)
            (record.*field.names).push_back(name);
}

std::string print_link(const RecordedLink& link) {
    std::string text = fmt::format("{} {}", kLink, link.name);
    for (const auto& [word, applies] : {std::pair{kVenetWord, link.is_venet},
                                        {kAnswers, link.answers},
                                        {kIpFilter, link.ip_filter}})
        if (applies)
            text += fmt::format(" {}", word);
    if (link.mac)
        text += fmt::format(" {}{}", kMac, link.mac->to_string());
    if (!link.bridge.empty())
        text += fmt::format(" {}{}", kBridge, link.bridge);
    if (link.index != 0)
        text += fmt::format(" {}{}", kIndex, link.index);
    return text + '\n';
}

std::string whole_path(Veid veid) {
    return fmt::format("{}/{}", kWholeDir, veid.to_string());
}

}  // namespace

std::vector<IpAddress> NetworkRecord::parsed_addresses() const {
    std::vector<IpAddress> parsed;
    for (const std::string& address : addresses)
        parsed.push_back(IpAddress::parse(address));
    return parsed;
}

LinkFilter filter_of(const NetworkRecord& record, const RecordedLink& link) {
    if (link.is_venet)
        return venet_filter(record.parsed_addresses());
    return {.mac = link.mac,
            .only_addresses = link.ip_filter,
            .has_neighbours = link.ip_filter,
            .addresses = link.ip_filter ? record.parsed_addresses() : std::vector<IpAddress>(),
            .drops_advice = link.answers};
}

std::optional<NetworkRecord> read_network_record(Veid veid) {
    std::string text;
    try {
        text = sys::read_file(network_record_path(veid), kMostOfRecord);
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT)
            return std::nullopt;
        throw;
    }
    return parse_network_record(text);
}

NetworkRecord parse_network_record(const std::string& text) {
    NetworkRecord record;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        read_line(line, record);
    return record;
}

std::vector<std::pair<Veid, NetworkRecord>> read_records_of_others(Veid veid) {
    std::vector<std::pair<Veid, NetworkRecord>> records;
    std::error_code none;  // no directory: no VPS
    for (const auto& entry : std::filesystem::directory_iterator(kRunDir, none)) {
        const std::optional<Veid> other = Veid::parse(entry.path().filename().string());
        if (!other || *other == veid)
            continue;
        try {
            if (std::optional<NetworkRecord> record = read_network_record(*other))
                records.emplace_back(*other, std::move(*record));
        } catch (const Error&) {
            // Told whenever that VPS itself is worked on.
        }
    }
    return records;
}

ClaimName address_claim(const std::string& address) {
    return {"addresses", address};
}

ClaimName link_claim(const std::string& link) {
    return {"links", link};
}

ClaimName hardware_claim(const std::string& name) {
    return {"hardware", name};
}

std::string hardware_name(const VethSpec& veth) {
    return fmt::format("{}@{}", veth.mac.to_string(), veth.bridge);
}

std::string format_network_record(const NetworkRecord& record) {
    std::string text;
    for (const Field& field : kFields)
        for (const std::string& name : record.*field.names)
            text += fmt::format("{} {}\n", field.word, name);
    if (record.choice)
        text += print_choice(*record.choice);
    for (const RecordedLink& link : record.links)
        text += print_link(link);
    for (const MovedDevice& device : record.devices)
        text += print_device(device);
    return text;
}

void write_network_record(Veid veid, const NetworkRecord& record) {
    const std::string text = format_network_record(record);
    if (text.size() > kMostOfRecord)
        throw Error(ExitCode::BadValue,
                    fmt::format("the network is too large: its record would have {} bytes, {} at "
                                "most",
                                text.size(), kMostOfRecord));
    sys::replace_file(network_record_path(veid), text);
}

void remove_network_record(Veid veid) {
    (void)sys::unlink_if_there(network_record_path(veid));
}

void mark_whole(Veid veid) {
    sys::mkdir_all(kWholeDir, kRunMode);
    (void)sys::open(whole_path(veid), O_WRONLY | O_CREAT, 0644);
}

void unmark_whole(Veid veid) {
    (void)sys::unlink_if_there(whole_path(veid));
}

bool is_whole(Veid veid) {
    return access(whole_path(veid).c_str(), F_OK) == 0;
}

}  // namespace vps

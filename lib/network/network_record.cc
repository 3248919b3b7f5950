#include "network/network_record.hh"

#include <fmt/format.h>
#include <unistd.h>

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
    {"link", &NetworkRecord::links},
};
constexpr const char* kFilter = "filter";
constexpr const char* kDevice = "device";  // name and index

}  // namespace

std::optional<NetworkRecord> read_network_record(Veid veid) {
    std::string text;
    try {
        text = sys::read_file(network_record_path(veid));
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT)
            return std::nullopt;
        throw;
    }
    return parse_network_record(text);
}

NetworkRecord parse_network_record(const std::string& text) {
    NetworkRecord record;
    std::istringstream words(text);
    for (std::string word, name; words >> word;) {
        if (word == kFilter) {
            record.filter = true;
            continue;
        }
        if (!(words >> name))
            break;
        if (int index = 0; word == kDevice && words >> index)
            record.devices.push_back({name, index});
        for (const Field& field : kFields)
            if (word == field.word)
                (record.*field.names).push_back(name);
    }
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

std::string format_network_record(const NetworkRecord& record) {
    std::string text = record.filter ? fmt::format("{}\n", kFilter) : "";
    for (const Field& field : kFields)
        for (const std::string& name : record.*field.names)
            text += fmt::format("{} {}\n", field.word, name);
    for (const MovedDevice& device : record.devices)
        text += fmt::format("{} {} {}\n", kDevice, device.name, device.index);
    return text;
}

void write_network_record(Veid veid, const NetworkRecord& record) {
    sys::replace_file(network_record_path(veid), format_network_record(record));
}

void remove_network_record(Veid veid) {
    const std::string path = network_record_path(veid);
    if (unlink(path.c_str()) < 0 && errno != ENOENT)
        throw SysError(errno, "remove", path);
}

}  // namespace vps

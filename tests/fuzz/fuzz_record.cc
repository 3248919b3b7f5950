// libFuzzer target: any bytes as /run/vps/N/network. What is read of it is written as it was read.

#include "network/network_record.hh"
#include "require.hh"

using namespace vps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    const NetworkRecord record = parse_network_record(text);
    std::vector<std::string> links;
    for (const RecordedLink& link : record.links)
        links.push_back(link.name);
    for (const auto& names : {record.addresses, record.neighbour_devices, links})
        for (const std::string& name : names)
            require(!name.empty() && text.find(name) != text.npos, "a name of ours", name);
    require(parse_network_record(format_network_record(record)) == record, "another record", text);
    return 0;
}

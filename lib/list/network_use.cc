#include "list/network_use.hh"

#include <optional>
#include <sstream>
#include <string>

#include "state/claim.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr const char* kLinks = "links";  // the claims of links: NAME leads to the VEID

std::map<std::string, Veid> find_links(const std::string& run_dir) {
    std::map<std::string, Veid> links;
    Directory claims(run_dir + "/" + kLinks);
    while (const dirent* entry = claims.next()) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..")
            continue;
        try {
            if (const auto veid = find_claim({kLinks, name}, run_dir))
                links.emplace(name, *veid);
        } catch (const SysError&) {
            // It has been given up meanwhile.
        }
    }
    return links;
}

// "  venet101: 1 2 0 0 0 0 0 0 3 4 0 …": bytes and packets that came in, and, after six counters of
// no interest, that went out.
struct LinkCounters {
    std::string name;
    std::uint64_t in_bytes = 0, in_packets = 0, out_bytes = 0, out_packets = 0;
};

std::optional<LinkCounters> parse_line(const std::string& line) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos)
        return std::nullopt;
    LinkCounters link;
    link.name = line.substr(0, colon);
    link.name.erase(0, link.name.find_first_not_of(' '));
    std::istringstream numbers(line.substr(colon + 1));
    std::uint64_t other = 0;
    numbers >> link.in_bytes >> link.in_packets;
    for (int skipped = 0; skipped < 6; ++skipped)
        numbers >> other;
    numbers >> link.out_bytes >> link.out_packets;
    return numbers ? std::optional(link) : std::nullopt;
}

}  // namespace

std::map<Veid, NetworkUse> read_network_use(const ListPlaces& places) {
    std::map<Veid, NetworkUse> uses;
    const std::map<std::string, Veid> links = find_links(places.run);
    if (links.empty())
        return uses;
    std::istringstream lines(sys::read_file(places.proc + "/net/dev", 64U << 20U));
    for (std::string line; std::getline(lines, line);) {
        const std::optional<LinkCounters> link = parse_line(line);
        const auto found = link ? links.find(link->name) : links.end();
        if (found == links.end())
            continue;
        NetworkUse& use = uses[found->second];
        use.received_bytes += link->out_bytes;
        use.received_packets += link->out_packets;
        use.sent_bytes += link->in_bytes;
        use.sent_packets += link->in_packets;
    }
    return uses;
}

}  // namespace vps

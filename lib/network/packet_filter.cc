#include "network/packet_filter.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "sys/error.hh"

namespace vps {

namespace {

struct FreeContext {
    void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

// One transaction: all of it, or nothing.
void run_nft(const std::string& commands) {
    const std::unique_ptr<nft_ctx, FreeContext> context(nft_ctx_new(NFT_CTX_DEFAULT));
    if (!context || nft_ctx_buffer_error(context.get()) != 0 ||
        nft_ctx_buffer_output(context.get()) != 0)
        throw Error(ExitCode::System, "prepare nf_tables: out of memory");
    if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0)
        return;
    const std::string_view text = nft_ctx_get_error_buffer(context.get());
    throw Error(ExitCode::System, fmt::format("change the packet filter (nf_tables, family netdev):"
                                              " {}",
                                              text.substr(0, text.find('\n'))));
}

constexpr const char* kTable = "netdev systemd-vps";

// A link's place among the host's ends of a VPS names its chain: not all names of links are names
// of chains.
std::string chain_name(Veid veid, std::size_t place) {
    return fmt::format("vps{}_{}", veid.to_string(), place);
}

// Also where there is none.
std::string removal(Veid veid, std::size_t links) {
    std::string commands = fmt::format("add table {}\n", kTable);
    for (std::size_t place = 0; place < links; ++place)
        for (const char* verb : {"add", "flush", "delete"})
            commands += fmt::format("{} chain {} {}\n", verb, kTable, chain_name(veid, place));
    return commands;
}

// What comes in on the link and no rule accepts is dropped. Link names have no character that means
// something to nft (network_spec.hh).
std::string chain(std::string_view name, std::string_view link, std::string_view rules) {
    return fmt::format(
        "chain {} {{ type filter hook ingress device \"{}\" priority filter; policy drop;\n"
        "{}}}\n",
        name, link, rules);
}

std::string accept_from(int family, const std::vector<IpAddress>& addresses) {
    std::vector<std::string> sources;
    for (const IpAddress& address : addresses)
        if (address.family == family)
            sources.push_back(address.to_string());
    return sources.empty()
               ? ""
               : fmt::format("{} saddr {{ {} }} accept\n", family == AF_INET ? "ip" : "ip6",
                             fmt::join(sources, ", "));
}

}  // namespace

bool needs_packet_filter(const NetworkSpec& spec) {
    return !spec.addresses.empty() ||
           std::any_of(spec.veths.begin(), spec.veths.end(),
                       [](const VethSpec& veth) { return veth.mac_filter; });
}

std::string packet_filter_commands(Veid veid, const NetworkSpec& spec) {
    std::string chains;
    std::size_t place = 0;
    if (!spec.addresses.empty())
        chains +=
            chain(chain_name(veid, place++), venet_name(veid),
                  accept_from(AF_INET, spec.addresses) + accept_from(AF_INET6, spec.addresses));
    for (const VethSpec& veth : spec.veths) {
        if (veth.mac_filter)
            chains += chain(chain_name(veid, place), veth.host_ifname,
                            fmt::format("ether saddr {} accept\n", veth.mac.to_string()));
        ++place;
    }
    return removal(veid, place) + fmt::format("table {} {{\n{}}}\n", kTable, chains);
}

void make_packet_filter(Veid veid, const NetworkSpec& spec) {
    if (needs_packet_filter(spec))
        run_nft(packet_filter_commands(veid, spec));
}

void remove_packet_filter(Veid veid, std::size_t links, LastOfAll last) {
    if (last == LastOfAll::Yes)
        run_nft(fmt::format("add table {0}\ndelete table {0}\n", kTable));
    else
        run_nft(removal(veid, links));
}

}  // namespace vps

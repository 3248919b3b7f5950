#include "network/forward_chain.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <optional>

#include "network/legacy_tables.hh"
#include "network/netlink.hh"

namespace vps {

namespace {

struct Chain {
    unsigned char family;
    std::string table, name;
    bool drops = false;  // by its policy
};

struct Family {
    unsigned char number;
    const char* name;
};
constexpr std::array kFamilies{Family{NFPROTO_IPV4, "ip"}, Family{NFPROTO_IPV6, "ip6"},
                               Family{NFPROTO_INET, "inet"}};

const char* name_of_family(unsigned char number) {
    const auto* const found =
        std::find_if(kFamilies.begin(), kFamilies.end(),
                     [&](const Family& family) { return family.number == number; });
    return found == kFamilies.end() ? nullptr : found->name;
}

nfgenmsg family_header(unsigned char family) {
    nfgenmsg header{};
    header.nfgen_family = family;
    header.version = NFNETLINK_V0;
    return header;
}

constexpr std::uint16_t nf_tables(std::uint16_t type) {
    return (NFNL_SUBSYS_NFTABLES << 8) | type;
}

// The attributes of a message of nf_tables.
std::string_view attributes_of(const nlmsghdr* message) {
    constexpr std::size_t kHeader = MNL_ALIGN(sizeof(nfgenmsg));
    const std::size_t size = mnl_nlmsg_get_payload_len(message);
    if (size < kHeader)
        return {};
    return {static_cast<const char*>(mnl_nlmsg_get_payload(message)) + kHeader, size - kHeader};
}

// Its numbers are in network order.
std::optional<unsigned> find_number(std::string_view attributes, int wanted) {
    const std::string_view bytes = find_attribute(attributes, wanted);
    if (bytes.size() != sizeof(std::uint32_t))
        return std::nullopt;
    return ntohl(number_of(bytes));
}

std::optional<Chain> read_forward_chain(const nlmsghdr* message) {
    const std::string_view attributes = attributes_of(message);
    const std::string_view hook = find_attribute(attributes, NFTA_CHAIN_HOOK);
    if (find_number(hook, NFTA_HOOK_HOOKNUM) != NF_INET_FORWARD)
        return std::nullopt;
    const auto family = *static_cast<const unsigned char*>(mnl_nlmsg_get_payload(message));
    if (!name_of_family(family))
        return std::nullopt;
    return Chain{family, text_of(find_attribute(attributes, NFTA_CHAIN_TABLE)),
                 text_of(find_attribute(attributes, NFTA_CHAIN_NAME)),
                 find_number(attributes, NFTA_CHAIN_POLICY) == NF_DROP};
}

// Whether the chain drops what no rule accepts, and its table has no rule for VPSes: a name that a
// rule compares with is among the rule's bytes as it is.
bool drops_packets_of_vpses(const Chain& chain) {
    NetlinkRequest request(nf_tables(NFT_MSG_GETRULE), NLM_F_DUMP, family_header(chain.family));
    mnl_attr_put_strz(request, NFTA_RULE_TABLE, chain.table.c_str());
    bool has_rule_for_vpses = false, drops = chain.drops;
    (void)list_netfilter(request, [&](const nlmsghdr* message) {
        const std::string_view rule = attributes_of(message);
        if (text_of(find_attribute(rule, NFTA_RULE_TABLE)) != chain.table)
            return;
        const std::string_view expressions = find_attribute(rule, NFTA_RULE_EXPRESSIONS);
        has_rule_for_vpses = has_rule_for_vpses || expressions.find("venet") != expressions.npos;
        if (!chain.drops && text_of(find_attribute(rule, NFTA_RULE_CHAIN)) == chain.name)
            drops = drops_the_rest(expressions);  // the last one counts
    });
    return drops && !has_rule_for_vpses;
}

}  // namespace

std::vector<std::string> find_dropping_chains() {
    std::vector<Chain> chains;
    NetlinkRequest request(nf_tables(NFT_MSG_GETCHAIN), NLM_F_DUMP, family_header(NFPROTO_UNSPEC));
    (void)list_netfilter(request, [&](const nlmsghdr* message) {
        if (message->nlmsg_type == nf_tables(NFT_MSG_NEWCHAIN))
            if (std::optional<Chain> chain = read_forward_chain(message))
                chains.push_back(std::move(*chain));
    });
    std::vector<std::string> names;
    for (const Chain& chain : chains)
        if (drops_packets_of_vpses(chain))
            names.push_back(
                fmt::format("{} {} {}", name_of_family(chain.family), chain.table, chain.name));
    add_legacy_chains(names);
    return names;
}

bool drops_the_rest(std::string_view expressions) {
    bool drops = false, asks = false;
    for_each_attribute(expressions, [&](int, std::string_view expression) {
        const std::string name = text_of(find_attribute(expression, NFTA_EXPR_NAME));
        const std::string_view data = find_attribute(expression, NFTA_EXPR_DATA);
        if (name == "immediate")
            drops = find_number(find_attribute(find_attribute(data, NFTA_IMMEDIATE_DATA),
                                               NFTA_DATA_VERDICT),
                                NFTA_VERDICT_CODE) == NF_DROP;
        else if (name == "target")  // of iptables-nft
            drops = text_of(find_attribute(data, NFTA_TARGET_NAME)) == "REJECT";
        else if (name == "reject")
            drops = true;
        else
            asks = asks || (name != "counter" && name != "log");
    });
    return drops && !asks;
}

}  // namespace vps

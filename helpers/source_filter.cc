#include "source_filter.hh"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/ethernet.h>

#include "error.hh"
#include "netlink.hh"

namespace vps {

namespace {

constexpr const char* kChain = "from-vps";

std::string table_name(Veid veid) {
    return "vps" + veid.to_string();
}

NetlinkMessage batch_edge(int type) {
    return {type, 0, nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)}};
}

NetlinkMessage nft_message(int type, int flags) {
    return {(NFNL_SUBSYS_NFTABLES << 8) | type, flags, nfgenmsg{NFPROTO_NETDEV, NFNETLINK_V0, 0}};
}

NetlinkMessage table_message(int type, Veid veid) {
    NetlinkMessage message = nft_message(type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
    message.add_name(NFTA_TABLE_NAME, table_name(veid));
    return message;
}

NetlinkMessage chain_message(Veid veid, const std::string& link) {
    NetlinkMessage message = nft_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    message.add_name(NFTA_CHAIN_TABLE, table_name(veid)).add_name(NFTA_CHAIN_NAME, kChain);
    const std::size_t hook = message.open(NFTA_CHAIN_HOOK);
    message.add_be32(NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS)
        .add_be32(NFTA_HOOK_PRIORITY, 0)
        .add_name(NFTA_HOOK_DEV, link);
    message.close(hook);
    message.add_be32(NFTA_CHAIN_POLICY, NF_DROP).add_name(NFTA_CHAIN_TYPE, "filter");
    return message;
}

// One rule, expression by expression; each works on register 1.
class Rule {
  public:
    explicit Rule(Veid veid) : message_(nft_message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)) {
        message_.add_name(NFTA_RULE_TABLE, table_name(veid)).add_name(NFTA_RULE_CHAIN, kChain);
        expressions_ = message_.open(NFTA_RULE_EXPRESSIONS);
    }

    Rule& load_meta(std::uint32_t key) {
        return expression("meta", [&] {
            message_.add_be32(NFTA_META_KEY, key).add_be32(NFTA_META_DREG, NFT_REG_1);
        });
    }

    Rule& load_payload(std::uint32_t base, std::uint32_t offset, std::size_t size) {
        return expression("payload", [&] {
            message_.add_be32(NFTA_PAYLOAD_DREG, NFT_REG_1)
                .add_be32(NFTA_PAYLOAD_BASE, base)
                .add_be32(NFTA_PAYLOAD_OFFSET, offset)
                .add_be32(NFTA_PAYLOAD_LEN, static_cast<std::uint32_t>(size));
        });
    }

    Rule& require(std::string_view value) {
        return expression("cmp", [&] {
            message_.add_be32(NFTA_CMP_SREG, NFT_REG_1).add_be32(NFTA_CMP_OP, NFT_CMP_EQ);
            const std::size_t data = message_.open(NFTA_CMP_DATA);
            message_.add(NFTA_DATA_VALUE, value);
            message_.close(data);
        });
    }

    NetlinkMessage accept() {
        expression("immediate", [&] {
            message_.add_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
            const std::size_t data = message_.open(NFTA_IMMEDIATE_DATA);
            const std::size_t verdict = message_.open(NFTA_DATA_VERDICT);
            message_.add_be32(NFTA_VERDICT_CODE, NF_ACCEPT);
            message_.close(verdict);
            message_.close(data);
        });
        message_.close(expressions_);
        return message_;
    }

  private:
    template <typename Body>
    Rule& expression(const char* name, const Body& body) {
        const std::size_t element = message_.open(NFTA_LIST_ELEM);
        message_.add_name(NFTA_EXPR_NAME, name);
        const std::size_t data = message_.open(NFTA_EXPR_DATA);
        body();
        message_.close(data);
        message_.close(element);
        return *this;
    }

    NetlinkMessage message_;
    std::size_t expressions_;
};

NetlinkMessage accept_source(Veid veid, const IpAddress& address) {
    const bool v4 = address.family == AF_INET;
    const std::uint16_t protocol = htons(v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    const std::uint32_t source = v4 ? 12 : 8;  // where it is in the header (RFC 791, RFC 8200)
    return Rule(veid)
        .load_meta(NFT_META_PROTOCOL)
        .require({reinterpret_cast<const char*>(&protocol), sizeof protocol})
        .load_payload(NFT_PAYLOAD_NETWORK_HEADER, source, address.bytes().size())
        .require(address.bytes())
        .accept();
}

}  // namespace

void allow_sources(Veid veid, const std::string& link, const std::vector<IpAddress>& addresses) {
    // Made, if there is none, so that it can be removed with all that it may hold.
    std::vector<NetlinkMessage> batch{
        batch_edge(NFNL_MSG_BATCH_BEGIN), table_message(NFT_MSG_NEWTABLE, veid),
        table_message(NFT_MSG_DELTABLE, veid), table_message(NFT_MSG_NEWTABLE, veid),
        chain_message(veid, link)};
    for (const IpAddress& address : addresses)
        batch.push_back(accept_source(veid, address));
    batch.push_back(batch_edge(NFNL_MSG_BATCH_END));
    if (const int error = NetlinkSocket(NETLINK_NETFILTER).ask_all(batch))
        throw SysError(error, "make the packet filter (nf_tables, family netdev) of", link);
}

void forget_sources(Veid veid) {
    const int error =
        NetlinkSocket(NETLINK_NETFILTER)
            .ask_all({batch_edge(NFNL_MSG_BATCH_BEGIN), table_message(NFT_MSG_DELTABLE, veid),
                      batch_edge(NFNL_MSG_BATCH_END)});
    if (error != 0 && error != ENOENT)
        throw SysError(error, "remove the nf_tables table", table_name(veid));
}

}  // namespace vps

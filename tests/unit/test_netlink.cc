#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>

#include <functional>

#include "network/forward_chain.hh"
#include "network/netlink.hh"

namespace {

using namespace vps;

constexpr std::size_t kLinkHeader = sizeof(ifinfomsg);

// The body of an answer: the bytes after the header of the message.
NetlinkReply reply_of(nlmsghdr* message) {
    const auto* payload = static_cast<const char*>(mnl_nlmsg_get_payload(message));
    return {0, std::vector<char>(payload, payload + mnl_nlmsg_get_payload_len(message))};
}

TEST(Netlink, RequestHasHeaderAndFlags) {
    ifinfomsg link{};
    link.ifi_index = 7;
    NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link);
    const nlmsghdr* message = request;
    EXPECT_EQ(message->nlmsg_type, RTM_NEWLINK);
    EXPECT_EQ(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    EXPECT_EQ(message->nlmsg_len, NLMSG_HDRLEN + kLinkHeader);
    EXPECT_EQ(reply_of(request).header<ifinfomsg>().ifi_index, 7);
}

TEST(Netlink, AttributesAreFoundByTheirType) {
    NetlinkRequest request(RTM_NEWLINK, 0, ifinfomsg{});
    mnl_attr_put_strz(request, IFLA_IFNAME, "venet101");  // 9 bytes: the next one is padded
    mnl_attr_put_u32(request, IFLA_MTU, 1500);
    nlattr* nest = mnl_attr_nest_start(request, IFLA_LINKINFO);  // NLA_F_NESTED is no part of it
    mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
    mnl_attr_nest_end(request, nest);
    const NetlinkReply reply = reply_of(request);
    EXPECT_EQ(reply.attribute(kLinkHeader, IFLA_IFNAME), std::string_view("venet101\0", 9));
    ASSERT_EQ(reply.attribute(kLinkHeader, IFLA_MTU).size(), 4U);
    EXPECT_EQ(reply.attribute(kLinkHeader, IFLA_LINKINFO).size(), 12U);
    EXPECT_TRUE(reply.attribute(kLinkHeader, IFLA_MASTER).empty());
}

TEST(Netlink, AttributesThatDoNotFitEndTheList) {
    const nlattr good{8, IFLA_MTU}, none{3, IFLA_MTU}, endless{0xffff, IFLA_MTU};
    for (const nlattr& bad : {none, endless}) {
        NetlinkReply reply;
        reply.body.resize(kLinkHeader + sizeof bad + 4);
        std::memcpy(&reply.body[kLinkHeader], &bad, sizeof bad);
        EXPECT_TRUE(reply.attribute(kLinkHeader, IFLA_MTU).empty());
    }
    NetlinkReply reply;
    for (std::size_t size = 0; size < kLinkHeader + 8; ++size) {
        reply.body.assign(size, '\0');
        if (size >= kLinkHeader + sizeof good)
            std::memcpy(&reply.body[kLinkHeader], &good, sizeof good);
        EXPECT_TRUE(reply.attribute(kLinkHeader, IFLA_MTU).empty()) << size;
        EXPECT_EQ(reply.header<ifinfomsg>().ifi_index, 0) << size;
    }
}

TEST(Netlink, KernelAnswersAboutLo) {
    const RouteSocket socket;
    NetlinkRequest request(RTM_GETLINK, 0, ifinfomsg{});
    mnl_attr_put_strz(request, IFLA_IFNAME, "lo");
    const NetlinkReply reply = socket.ask(request);
    ASSERT_EQ(reply.error, 0);
    EXPECT_EQ(reply.header<ifinfomsg>().ifi_index, static_cast<int>(if_nametoindex("lo")));
    EXPECT_EQ(reply.attribute(kLinkHeader, IFLA_IFNAME), std::string_view("lo\0", 3));

    NetlinkRequest other(RTM_GETLINK, 0, ifinfomsg{});
    mnl_attr_put_strz(other, IFLA_IFNAME, "none-such");
    EXPECT_EQ(socket.ask(other).error, ENODEV);
}

// Expressions of a rule as nf_tables has them; the numbers in network order.
class Expressions {
  public:
    Expressions& add(const char* name, const std::function<void(nlmsghdr*)>& data = {}) {
        nlattr* const one = mnl_attr_nest_start(request_, NFTA_LIST_ELEM);
        mnl_attr_put_strz(request_, NFTA_EXPR_NAME, name);
        nlattr* const inner = mnl_attr_nest_start(request_, NFTA_EXPR_DATA);
        if (data)
            data(request_);
        mnl_attr_nest_end(request_, inner);
        mnl_attr_nest_end(request_, one);
        return *this;
    }
    Expressions& verdict(std::uint32_t code) {
        return add("immediate", [code](nlmsghdr* message) {
            nlattr* const data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
            nlattr* const verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
            mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(code));
            mnl_attr_nest_end(message, verdict);
            mnl_attr_nest_end(message, data);
        });
    }
    Expressions& target(const char* name) {
        return add("target", [name](nlmsghdr* message) {
            mnl_attr_put_strz(message, NFTA_TARGET_NAME, name);
        });
    }
    [[nodiscard]] bool drop() {
        const nlmsghdr* message = request_;
        return drops_the_rest(attributes_of(message, sizeof(nfgenmsg)));
    }

  private:
    NetlinkRequest request_{0, 0, nfgenmsg{}};
};

TEST(ForwardChain, EndsWithARuleThatAsksNothing) {
    EXPECT_TRUE(Expressions().add("counter").verdict(NF_DROP).drop());
    EXPECT_TRUE(Expressions().add("reject").drop());
    EXPECT_TRUE(Expressions().add("log").add("reject").drop());
    EXPECT_TRUE(Expressions().target("REJECT").drop());
    EXPECT_FALSE(Expressions().add("payload").add("cmp").verdict(NF_DROP).drop());
    EXPECT_FALSE(Expressions().add("ct").add("reject").drop());
    EXPECT_FALSE(Expressions().add("match").target("REJECT").drop());
    EXPECT_FALSE(Expressions().verdict(NF_ACCEPT).drop());
    EXPECT_FALSE(Expressions().target("LOG").drop());
    EXPECT_FALSE(Expressions().add("counter").drop());
    EXPECT_FALSE(drops_the_rest({}));
    EXPECT_FALSE(drops_the_rest("\xff\xff\xff"));
}

}  // namespace

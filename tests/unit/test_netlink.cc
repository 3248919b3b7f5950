#include <gtest/gtest.h>
#include <net/if.h>

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

}  // namespace

// Configurations of archives: what a stranger wrote becomes text that sh takes for data.
#include <gtest/gtest.h>

#include "manage/dump_config.hh"

namespace vps {

namespace {

struct Case {
    const char* what;
    std::string_view text;
    std::string_view expected;
    std::vector<unsigned> put_out;
};

TEST(DumpConfig, IsPlain) {
    using namespace std::literals;
    const Case cases[] = {
        {"a plain file keeps its bytes",
         "# c\n\nA=\"1\"\nB=\"/r/$VEID\"\n"sv,
         "# c\n\nA=\"1\"\nB=\"/r/$VEID\"\n"sv,
         {}},
        {"values come to stand in quotes", "A=1\n B='2' \n"sv, "A=\"1\"\nB=\"'2'\"\n"sv, {}},
        {"nothing is expanded",
         "A=\"$(x)`y`$z\"\nB=${VEID:-$(x)}\n"sv,
         "A=\"\\$(x)\\`y\\`\\$z\"\nB=\"\\${VEID:-\\$(x)}\"\n"sv,
         {}},
        {"nothing stands behind a value", "A=\"1\" $(x)\nB=2;x\n"sv, "A=\"1\"\nB=\"2;x\"\n"sv, {}},
        {"a value of several lines",
         "A=\"1\n$(x)\" y\nB=\"2\"\n"sv,
         "A=\"1\n\\$(x)\"\nB=\"2\"\n"sv,
         {}},
        {"what is no assignment",
         "x\nA=\"1\"\n=2\na b=3\n$(x)=4\n1A=5\n"sv,
         "# x\nA=\"1\"\n# =2\n# a b=3\n# $(x)=4\n# 1A=5\n"sv,
         {1, 3, 4, 5, 6}},
        {"a quote that is not closed", "A=\"1\nB=\"2\"\n"sv, "# A=\"1\nB=\"2\"\n"sv, {1}},
        {"a comment that is none to sh", "\v# $(x)\n"sv, "# $(x)\n"sv, {}},
        {"blanks that are none to sh", "\v\n\vA=\"1\"\n"sv, "\nA=\"1\"\n"sv, {}},
        {"a byte order mark",
         "\xef\xbb\xbf"
         "A=\"1\"\n"sv,
         "A=\"1\"\n"sv,
         {}},
        {"ends of lines", "A=\"1\"\r\n# c\r\n"sv, "A=\"1\"\n# c\r\n"sv, {}},
        {"a carriage return in a value",
         "A=\"1\r\r\n2\"\nB=\"2\"\n"sv,
         "# A=\"1\r\r\n# 2\"\nB=\"2\"\n"sv,
         {1}},
        {"a value that only sh would read",
         "A=\"1\nB\\=\"\nC=\"2\"\n"sv,
         "# A=\"1\n# B\\=\"\nC=\"2\"\n"sv,
         {1}},
        {"two byte order marks",
         "\xef\xbb\xbf\xef\xbb\xbf"
         "A=\"1\"\n"sv,
         "# \xef\xbb\xbf"
         "A=\"1\"\n"sv,
         {1}},
        {"no newline at the end", "A=\"1\""sv, "A=\"1\"\n"sv, {}},
        {"a NUL byte", "A=\"1\0\"\nB=\"2\"\n"sv, "# A=\"1\0\"\nB=\"2\"\n"sv, {1}},
        {"nothing", ""sv, ""sv, {}},
    };
    for (const Case& one : cases) {
        const PlainConfig plain = make_plain_config(one.text);
        EXPECT_EQ(plain.text, one.expected) << one.what;
        EXPECT_EQ(plain.put_out, one.put_out) << one.what;
        EXPECT_EQ(make_plain_config(plain.text).text, plain.text) << one.what;
    }
}

TEST(DumpConfig, HasNoStrangeKeys) {
    const PlainConfig plain =
        make_plain_config("PATH=\"/x\"\nA=\"1\"\nPS4=\"a\nb\"\nB=\"2\"\n", {"PATH", "PS4"});
    EXPECT_EQ(plain.text, "# PATH=\"/x\"\nA=\"1\"\n# PS4=\"a\n# b\"\nB=\"2\"\n");
    EXPECT_EQ(plain.put_out, (std::vector<unsigned>{1, 3}));
}

TEST(DumpConfig, NamesVethDevices) {
    EXPECT_EQ(with_veth_names("ifname=eth0,host_ifname=veth777.0;host_ifname=veth777.12", "101"),
              "ifname=eth0,host_ifname=veth101.0;host_ifname=veth101.12");
    EXPECT_EQ(with_veth_names("host_ifname=veth777,host_ifname=vethx.1,host_ifname=veth", "101"),
              "host_ifname=veth777,host_ifname=vethx.1,host_ifname=veth");
    EXPECT_EQ(with_veth_names("", "101"), "");
}

}  // namespace

}  // namespace vps

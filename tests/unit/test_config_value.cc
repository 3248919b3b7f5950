#include <gtest/gtest.h>
#include <unistd.h>

#include "config/config_value.hh"

namespace vps {

using namespace std::string_view_literals;

// "barrier:limit", with "?" where the pair is odd; or the reason why the pair is bad.
static std::string read_pair(std::string_view text, Unit unit) {
    const auto show = [](std::uint64_t n) { return n == kUnlimited ? "inf" : std::to_string(n); };
    BarrierLimit pair{};
    const auto verdict = read_barrier_limit(pair, text, unit);
    if (verdict.grade == Verdict::Bad)
        return verdict.why;
    return show(pair.barrier) + ":" + show(pair.limit) + (verdict.grade == Verdict::Odd ? "?" : "");
}

TEST(ConfigValue, ReadsBarrierAndLimit) {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto pages = [&](std::uint64_t bytes) { return std::to_string(bytes / page); };
    constexpr const char* amount = "neither an amount such as 512M nor 'unlimited'";
    const struct {
        std::string_view text;
        Unit unit;
        std::string expected;
    } cases[] = {
        {"5", Unit::Count, "5:5"},
        {"5:7", Unit::Count, "5:7"},
        {"0:0", Unit::Count, "0:0"},
        {"7:5", Unit::Count, "7:5?"},
        {"unlimited", Unit::Count, "inf:inf"},
        {"5:unlimited", Unit::Count, "5:inf"},
        {"unlimited:5", Unit::Count, "inf:5?"},
        {"2147483647", Unit::Count, "2147483647:2147483647"},
        {"9223372036854775807", Unit::Count, "9223372036854775807:9223372036854775807"},
        {"18446744073709551614", Unit::Count, "18446744073709551614:18446744073709551614"},
        {"18446744073709551615", Unit::Count, "too large"},
        {"18446744073709551616", Unit::Count, "too large"},
        {"5K", Unit::Count, "a plain count takes no suffix"},
        {"2.5", Unit::Count, "2:2"},
        {"007", Unit::Count, "7:7"},

        {"1k", Unit::Bytes, "1024:1024"},
        {"1K:1M", Unit::Bytes, "1024:1048576"},
        {"1g:2G", Unit::Bytes, "1073741824:2147483648"},
        {"1t:1T", Unit::Bytes, "1099511627776:1099511627776"},
        {"3b:3B", Unit::Bytes, "3:3"},
        {"2P:2p", Unit::Bytes, std::to_string(2 * page) + ":" + std::to_string(2 * page)},
        {"2.2G", Unit::Bytes, "2362232012:2362232012"},
        {"0.5k", Unit::Bytes, "512:512"},
        {"1.K", Unit::Bytes, "1024:1024"},
        {"0.99999999999999999999999999K", Unit::Bytes, "1023:1023"},
        {"16777215T", Unit::Bytes, "18446742974197923840:18446742974197923840"},
        {"16777216T", Unit::Bytes, "too large"},
        {"18446744073709551615T", Unit::Bytes, "too large"},

        {"100", Unit::Pages, "100:100"},
        {"100P", Unit::Pages, "100:100"},
        {"256M", Unit::Pages, pages(256 << 20) + ":" + pages(256 << 20)},
        {"0:2.2G", Unit::Pages, "0:" + pages(2362232012)},
        {"1B", Unit::Pages, "0:0"},
        {"2097152:2306867", Unit::Blocks, "2097152:2306867"},
        {"2G:2.2G", Unit::Blocks, "2097152:2306867"},
        {"1023B", Unit::Blocks, "0:0"},

        {"many", Unit::Count, "neither a number such as 240 nor 'unlimited'"},
        {"", Unit::Pages, amount},
        {":", Unit::Pages, amount},
        {"5:", Unit::Pages, amount},
        {":5", Unit::Pages, amount},
        {"5:6:7", Unit::Pages, amount},
        {"-5", Unit::Pages, "negative"},
        {"5:-6", Unit::Pages, "negative"},
        {"+5", Unit::Pages, amount},
        {" 5", Unit::Pages, amount},
        {"5 ", Unit::Pages, amount},
        {"5MB", Unit::Pages, amount},
        {"5X", Unit::Pages, amount},
        {".5G", Unit::Pages, amount},
        {"0x10", Unit::Pages, amount},
        {"1e3", Unit::Pages, amount},
        {"unlimited5", Unit::Pages, amount},
        {"Unlimited", Unit::Pages, amount},
        {"5\0"sv, Unit::Pages, amount},
        {"5\n", Unit::Pages, amount},
    };
    for (const auto& [text, unit, expected] : cases)
        EXPECT_EQ(read_pair(text, unit), expected) << text;
}

TEST(ConfigValue, ReadsNumbers) {
    const struct {
        std::string_view text;
        const char* why;
        std::uint64_t number;
    } cases[] = {
        {"0", nullptr, 0},
        {"100", nullptr, 100},
        {"unlimited", nullptr, 100},
        {"101", "too large", 0},
        {"99999999999999999999", "too large", 0},
        {"-1", "negative", 0},
        {"", "not a whole number", 0},
        {"1.5", "not a whole number", 0},
        {"1K", "not a whole number", 0},
        {"1 2", "not a whole number", 0},
    };
    for (const auto& [text, why, number] : cases) {
        std::uint64_t out = 0;
        EXPECT_STREQ(read_number(out, text, 100).why, why) << text;
        EXPECT_EQ(out, number) << text;
    }
}

TEST(ConfigValue, ReadsYesAndNo) {
    bool out = false;
    EXPECT_EQ(read_yes_no(out, "yes").grade, Verdict::Good);
    EXPECT_TRUE(out);
    for (const auto text : {"", "Yes", "YES", "true", "1", "on", "yes "})
        EXPECT_EQ(read_yes_no(out, text).grade, Verdict::Bad) << text;
    EXPECT_TRUE(out);
    EXPECT_EQ(read_yes_no(out, "no").grade, Verdict::Good);
    EXPECT_FALSE(out);
}

TEST(ConfigValue, ReadsCpuMasks) {
    for (const std::string text : {"0", "0,2-3", "7-7", "8191", "3,1"}) {
        CpuMask mask{};
        EXPECT_EQ(read_cpu_mask(mask, text).grade, Verdict::Good) << text;
        EXPECT_EQ(mask.kind, CpuMask::Kind::List);
        EXPECT_EQ(mask.list, text);
    }
    CpuMask mask{CpuMask::Kind::List, "1"};
    for (const auto text :
         {"", ",", "1,", ",1", "1-", "-1", "3-1", "8192", "0-99999999999999999999", "1 2", "x",
          "1\n2", "auto", "ALL", "1,,2", "0x3"})
        EXPECT_EQ(read_cpu_mask(mask, text).grade, Verdict::Bad) << text;
    for (const auto text : {"0-x", "0,-1", "0--3", "99999999999999999999"})
        EXPECT_STREQ(read_cpu_mask(mask, text).why, "not a list such as '0,2-3'") << text;
    EXPECT_EQ(mask.list, "1");
    EXPECT_EQ(read_cpu_mask(mask, "all").grade, Verdict::Good);
    EXPECT_EQ(mask.kind, CpuMask::Kind::All);
}

TEST(ConfigValue, ReadsPaths) {
    const auto veid = *Veid::parse("101");
    const struct {
        std::string_view text, expected;
    } good[] = {
        {"/vz/private/101", "/vz/private/101"},
        {"/vz/private/$VEID", "/vz/private/101"},
        {"/vz/private/${VEID}/fs", "/vz/private/101/fs"},
        {"/$VEID/${VEID}/$VEID", "/101/101/101"},
        {"/a$VEIDb/$HOME/$", "/a101b/$HOME/$"},
        {"//a///b/./c//", "/a/b/c"},
        {"/a/...", "/a/..."},
        {"/a b/\t\"'\\%n", "/a b/\t\"'\\%n"},
    };
    for (const auto& [text, expected] : good) {
        std::string path;
        EXPECT_EQ(read_path(path, text, veid).grade, Verdict::Good) << text;
        EXPECT_EQ(path, expected);
    }
    std::string path = "/kept";
    const std::string long_name = "/" + std::string(256, 'x');
    std::string long_path;
    for (int i = 0; i < 100; ++i)
        long_path += "/" + std::string(100, 'x');
    for (const auto text : {""sv, "/"sv, "//"sv, "/."sv, "/./"sv, "vz"sv, "./vz"sv, "$VEID"sv,
                            "/.."sv, "/a/../b"sv, "/a/.."sv, "/a\nb"sv, "/a\0b"sv, "$HOME/x"sv,
                            std::string_view(long_name), std::string_view(long_path)})
        EXPECT_EQ(read_path(path, text, veid).grade, Verdict::Bad) << text;
    EXPECT_EQ(path, "/kept");
}

TEST(ConfigValue, QuotesForMessages) {
    EXPECT_EQ(quote_for_message(""), "''");
    EXPECT_EQ(quote_for_message("a'b\"c"), "'a'b\"c'");
    EXPECT_EQ(quote_for_message("\x1b[31m\n\0\x7f"sv), "'\\x1b[31m\\x0a\\x00\\x7f'");
    EXPECT_EQ(quote_for_message(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
    EXPECT_EQ(quote_for_message(std::string(65, 'x')), "'" + std::string(64, 'x') + "…'");
}

TEST(ConfigValue, ReadsHostNames) {
    const std::string longest(64, 'a'), too_long(65, 'a');
    const struct {
        std::string_view text;
        Verdict::Grade grade;
    } cases[] = {
        {"web", Verdict::Good},        {"web-1.example.org", Verdict::Good},
        {"10", Verdict::Good},         {longest, Verdict::Good},
        {"web_1", Verdict::Odd},       {"-web", Verdict::Odd},
        {"a.web-.b", Verdict::Odd},    {"", Verdict::Bad},
        {" ", Verdict::Bad},           {"my web", Verdict::Bad},
        {"web\n", Verdict::Bad},       {"web\0x"sv, Verdict::Bad},
        {"web\x1b", Verdict::Bad},     {"web/..", Verdict::Bad},
        {".web", Verdict::Bad},        {"web.", Verdict::Bad},
        {"web..org", Verdict::Bad},    {".", Verdict::Bad},
        {"caf\xc3\xa9", Verdict::Bad}, {too_long, Verdict::Bad},
    };
    for (const auto& [text, grade] : cases) {
        std::string name = "unchanged";
        EXPECT_EQ(read_host_name(name, text).grade, grade) << text;
        EXPECT_EQ(name, grade == Verdict::Bad ? "unchanged" : text);
    }
}

}  // namespace vps

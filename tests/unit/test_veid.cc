#include <gtest/gtest.h>

#include "config/veid.hh"

namespace vps {

TEST(Veid, TakesPlainDecimalsInRange) {
    for (const std::string text : {"1", "101", "2147483644"}) {
        const auto veid = Veid::parse(text);
        ASSERT_TRUE(veid) << text;
        EXPECT_EQ(veid->to_string(), text);
    }
}

TEST(Veid, TakesNothingElse) {
    using namespace std::string_view_literals;
    for (const auto text :
         {""sv, "0"sv, "007"sv, "-1"sv, "+1"sv, " 1"sv, "1 "sv, "1\n"sv, "1\0"sv, "0x1"sv, "1e3"sv,
          "2147483645"sv, "4294967297"sv, "18446744073709551617"sv, "vps"sv, "../1"sv})
        EXPECT_FALSE(Veid::parse(text)) << text;
}

}  // namespace vps

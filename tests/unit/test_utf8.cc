#include <gtest/gtest.h>

#include "sys/utf8.hh"

namespace {

using namespace vps;

TEST(Utf8, TakesCharactersOneByOne) {
    std::string_view text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xff\xc3";
    for (const auto& [code, bytes] :
         {Character{U'a', "a"}, Character{U'\u00e4', "\xc3\xa4"},
          Character{U'\u20ac', "\xe2\x82\xac"}, Character{U'\U0001f600', "\xf0\x9f\x98\x80"},
          Character{{}, "\xff"}, Character{{}, "\xc3"}}) {
        const Character taken = take_character(text);
        EXPECT_EQ(taken.code, code);
        EXPECT_EQ(taken.bytes, bytes);
    }
    EXPECT_TRUE(text.empty());
}

TEST(Utf8, WhatIsNoCharacterIsShownByteByByte) {
    EXPECT_EQ(printable("plain \xe2\x82\xac\t"), "plain \xe2\x82\xac\t");
    EXPECT_EQ(printable("\xed\xa0\x80"), "???");  // a surrogate
    EXPECT_EQ(printable("\xc0\xaf"), "??");       // overlong
    EXPECT_EQ(printable("\xe0\x9f\xbf"), "???");
    EXPECT_EQ(printable("\xf0\x8f\xbf\xbf"), "????");
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
    EXPECT_EQ(printable("cut \xe2\x82"), "cut ??");
    EXPECT_EQ(printable(std::string_view("\0", 1)), "?");
}

TEST(Utf8, WhatActsOnTheTextAroundItIsNotShown) {
    // In the order of their numbers: U+001B, U+007F, U+009B, U+061C, U+200E, U+200F, U+2028 to
    // U+202E, U+2066 to U+2069.
    for (const char* control : {"\x1b", "\n", "\x7f", "\xc2\x9b", "\xd8\x9c", "\xe2\x80\x8e",
                                "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
                                "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
                                "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"})
        EXPECT_EQ(printable(std::string("a") + control + "b"), "a?b") << control;
    // Their neighbours are: a hyphen, a narrow space, a joiner that scripts need, Hebrew, Arabic.
    const std::string shown = "\xe2\x80\x90\xe2\x80\xaf\xe2\x80\x8d\xd7\x90\xd8\xa7\xc2\xa0";
    EXPECT_EQ(printable(shown), shown);
}

}  // namespace

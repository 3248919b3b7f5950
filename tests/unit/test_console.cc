// The console of a VPS for those who are attached: what is replayed, what is said, which keys
// leave.

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "life/console_message.hh"
#include "life/recent_output.hh"
#include "manage/leave_keys.hh"

using namespace vps;

TEST(RecentOutput, KeepsWhatWasPrinted) {
    RecentOutput recent;
    EXPECT_EQ(recent.text(), "");
    recent.add("login: ");
    recent.add("");
    recent.add("root");
    EXPECT_EQ(recent.text(), "login: root");
}

TEST(RecentOutput, KeepsTheLastOfMuch) {
    RecentOutput recent;
    std::string all;
    for (int line = 0; line < 5000; ++line) {
        const std::string text = "line " + std::to_string(line) + "\r\n";
        recent.add(text);
        all += text;
    }
    const std::string text = recent.text();
    EXPECT_LE(text.size(), RecentOutput::kMost);
    EXPECT_GT(text.size(), RecentOutput::kMost - 20);
    EXPECT_TRUE(all.ends_with("\n" + text));
}

TEST(RecentOutput, TakesAnyPieces) {
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{4096}, RecentOutput::kMost - 1,
          RecentOutput::kMost, RecentOutput::kMost + 1, 3 * RecentOutput::kMost}) {
        RecentOutput recent;
        std::string all;
        for (int i = 0; all.size() < 4 * RecentOutput::kMost; ++i) {
            std::string text(piece, static_cast<char>('a' + i % 26));
            text.back() = '\n';
            recent.add(text);
            all += text;
        }
        EXPECT_TRUE(all.ends_with(recent.text())) << piece;
        EXPECT_LE(recent.text().size(), RecentOutput::kMost) << piece;
    }
}

TEST(RecentOutput, OfOneLongLineIsItsEnd) {
    RecentOutput recent;
    recent.add(std::string(3 * RecentOutput::kMost, 'x'));
    EXPECT_EQ(recent.text(), std::string(RecentOutput::kMost, 'x'));
}

TEST(ConsoleMessage, IsReadAsItWasWritten) {
    const auto attach = parse_console_message(format_attach({AttachAs::Taker, {25, 132}}));
    ASSERT_TRUE(attach);
    EXPECT_EQ(attach->kind, ConsoleMessage::Attach);
    EXPECT_EQ(attach->request.as, AttachAs::Taker);
    EXPECT_EQ(attach->request.size, (WindowSize{25, 132}));
    const auto size = parse_console_message(format_size({65535, 0}));
    ASSERT_TRUE(size);
    EXPECT_EQ(size->size, (WindowSize{65535, 0}));
    const std::string text = format_console_bytes(ConsoleMessage::Output, std::string("a\0b", 3));
    const auto output = parse_console_message(text);
    ASSERT_TRUE(output);
    EXPECT_EQ(output->bytes, std::string("a\0b", 3));
    const auto lost =
        parse_console_message(format_console_number(ConsoleMessage::Lost, 1ULL << 40));
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->number, 1ULL << 40);
    const auto word = parse_console_message(format_console_word(ConsoleMessage::HasEnded));
    ASSERT_TRUE(word);
    EXPECT_EQ(word->kind, ConsoleMessage::HasEnded);
}

TEST(ConsoleMessage, OfAnyOtherFormIsNone) {
    const std::string attach = format_attach({});
    for (const std::string& message :
         {std::string(), std::string("x"), std::string(1, '\0'), std::string("A"), attach + "x",
          attach.substr(0, 5), std::string("A\x03\0\0\0\0", 6), std::string("S1"),
          std::string("S12345"), std::string("I"), "I" + std::string(kMostConsoleBytes + 1, 'k'),
          std::string("L1234567"), std::string("Wx"), std::string("E "), std::string("\xff\xff")})
        EXPECT_FALSE(parse_console_message(message)) << testing::PrintToString(message);
    EXPECT_TRUE(parse_console_message("I" + std::string(kMostConsoleBytes, 'k')));
}

TEST(LeaveKeys, LeaveAtTheStartOfALine) {
    struct Case {
        std::string keys, passed;
        bool left;
    };
    const std::array cases{
        Case{"\x1b.", "", true},
        Case{"ls\r\x1b.rm", "ls\r", true},
        Case{"ls\n\x1b.", "ls\n", true},
        Case{"ls\x1b.", "ls\x1b.", false},
        Case{"\x1b[A", "\x1b[A", false},
        Case{"\x1b\x1b.", "\x1b\x1b.", false},
        Case{"\x1b\r\x1b.", "\x1b\r", true},
        Case{".", ".", false},
        Case{std::string("\0\x1b.", 3), std::string("\0\x1b.", 3), false},
        Case{"", "", false},
        Case{"\x1b", "", false},
    };
    for (const Case& one : cases) {
        LeaveKeys together, apart;
        std::string_view keys(one.keys);
        EXPECT_EQ(together.pass_on(keys), one.passed) << one.keys;
        EXPECT_EQ(together.order() == ConsoleOrder::Leave, one.left) << one.keys;
        std::string passed;
        bool left = false;
        for (const char& key : one.keys) {
            std::string_view one_key(&key, 1);
            if (!left)
                passed += apart.pass_on(one_key);
            left |= apart.order() == ConsoleOrder::Leave;
        }
        EXPECT_EQ(passed, one.passed) << one.keys;
        EXPECT_EQ(left, one.left) << one.keys;
    }
}

TEST(LeaveKeys, OrderAKillAndGoOn) {
    LeaveKeys keys;
    std::string_view typed("\x1b!\x1b!a\x1b!\r\x1b!b");
    for (const char* passed : {"", "", "a\x1b!\r"}) {
        EXPECT_EQ(keys.pass_on(typed), passed);
        EXPECT_EQ(keys.order(), ConsoleOrder::Kill);
    }
    EXPECT_EQ(keys.pass_on(typed), "b");
    EXPECT_EQ(keys.order(), ConsoleOrder::None);
    EXPECT_TRUE(typed.empty());
}

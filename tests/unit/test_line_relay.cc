#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "sys/line_relay.hh"
#include "sys/sys.hh"

namespace {

using vps::LineRelay;

std::vector<std::string> relayed(const std::string& text,
                                 vps::RateLimit limit = {100000, std::chrono::seconds(60),
                                                         1 << 20}) {
    std::vector<std::string> lines;
    LineRelay relay(
        vps::Fd(), [&](std::string_view line) { lines.emplace_back(line); }, limit);
    relay.feed(text);
    relay.finish();
    return lines;
}

using Lines = std::vector<std::string>;

TEST(LineRelay, TakesTheTerminalOutOfLines) {
    const std::pair<std::string, Lines> cases[] = {
        {"one\ntwo\n", {"one", "two"}},
        {"no newline", {"no newline"}},
        {"\n\n  \na\n", {"a"}},
        {"10%\r20%\r\n", {"10%", "20%"}},
        {"\x1b[0;32m[  OK  ]\x1b[0m done\n", {"[  OK  ] done"}},
        {"\x1b]0;title\x07text\n", {"text"}},
        {"\x1b]8;;http://x\x1b\\link\n", {"link"}},
        {"a\x1b(Bb\n", {"aBb"}},  // a two-byte sequence loses its first two bytes
        {"bell\x07 back\x08 null\x01 tab\tend\x7f\n", {"bell back null tab\tend?"}},
        {std::string("a\0b\n", 4), {"ab"}},
        {"\x1b[31", {}},
        {"\x1b[31\nnext\n", {"next"}},
        {"gr\xc3\xbc\xc3\x9f\n", {"gr\xc3\xbc\xc3\x9f"}},
        {"bad\xff\xfe\xc3\n", {"bad???"}},
        {"c1 \xc2\x9b"
         "31m\n",
         {"c1 ?31m"}},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(relayed(text), expected) << text;
}

TEST(LineRelay, BreaksLongLines) {
    const Lines lines = relayed(std::string(LineRelay::kMaxLine * 2 + 5, 'x') + "\n");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].size(), LineRelay::kMaxLine);
    EXPECT_EQ(lines[2], "xxxxx");
}

TEST(LineRelay, CutsAFloodAndSaysSo) {
    std::string flood;
    for (int i = 0; i < 50; ++i)
        flood += "line\n";
    const Lines lines = relayed(flood, {10, std::chrono::seconds(60), 1 << 20});
    ASSERT_EQ(lines.size(), 11U);
    EXPECT_EQ(lines.back(), "40 lines dropped, too many at once");
}

TEST(LineRelay, CutsAFloodOfLongLinesByItsBytes) {
    const std::string text = std::string(60, 'x') + "\n" + std::string(60, 'y') + "\nshort\n";
    const Lines lines = relayed(text, {1000, std::chrono::seconds(60), 100});
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], std::string(60, 'x'));
    EXPECT_EQ(lines[1], "short");
    EXPECT_EQ(lines[2], "1 lines dropped, too many at once");
}

TEST(LineRelay, PassesOnWhatComesAfterAFlood) {
    Lines lines;
    LineRelay relay(vps::Fd(), [&](std::string_view line) { lines.emplace_back(line); },
                    {10, std::chrono::seconds(1), 1 << 20});
    for (int i = 0; i < 500; ++i)
        relay.feed("flood\n");
    // A tenth of the time has to pass, and no more; that it is longer on a busy machine does no
    // harm.
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    relay.feed("after it\n");
    relay.finish();
    ASSERT_GE(lines.size(), 12U);
    EXPECT_EQ(lines.back(), "after it");
    EXPECT_NE(lines[lines.size() - 2].find("lines dropped"), std::string::npos);
}

TEST(LineRelay, PumpsUntilTheEndOfAPipe) {
    auto [out, in] = vps::sys::pipe();
    Lines lines;
    LineRelay relay(
        std::move(out), [&](std::string_view line) { lines.emplace_back(line); },
        vps::kConsoleRate);
    EXPECT_EQ(relay.pump(), LineRelay::Progress::Drained);
    ASSERT_EQ(write(in.get(), "a\nb", 3), 3);
    EXPECT_EQ(relay.pump(), LineRelay::Progress::Drained);
    EXPECT_EQ(lines, Lines{"a"});
    in.reset();
    EXPECT_EQ(relay.pump(), LineRelay::Progress::Ended);
    EXPECT_EQ(lines, (Lines{"a", "b"}));
}

}  // namespace

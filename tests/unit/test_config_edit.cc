// Changes to configuration files keep whatever is not changed, byte by byte.
#include <gtest/gtest.h>

#include "config/config_edit.hh"
#include "config/config_line.hh"

namespace vps {

namespace {

struct Case {
    const char* what;
    std::string_view text;
    std::vector<ConfigChange> changes;
    std::string_view expected;
};

TEST(ConfigEdit, KeepsTheRest) {
    using namespace std::literals;
    const Case cases[] = {
        {"nothing to do", "  A=1 \n\n# c\nnonsense\n"sv, {}, "  A=1 \n\n# c\nnonsense\n"sv},
        {"in its place",
         "# c\n A=1\nB=\"2\"\n#UUID: 1-2\nC=3\n"sv,
         {{"B", "x y"}},
         "# c\n A=1\nB=\"x y\"\n#UUID: 1-2\nC=3\n"sv},
        {"blanks before the key stay", "\t A=1 # no comment\n"sv, {{"A", "2"}}, "\t A=\"2\"\n"sv},
        {"a new one at the end", "A=1\n"sv, {{"B", "2"}, {"C", ""}}, "A=1\nB=\"2\"\nC=\"\"\n"sv},
        {"no newline at the end", "A=1"sv, {{"B", "2"}}, "A=1\nB=\"2\"\n"sv},
        {"no newline, in its place", "A=1"sv, {{"A", "2"}}, "A=\"2\""sv},
        {"an empty file", ""sv, {{"A", "1"}}, "A=\"1\"\n"sv},
        {"what is so already stays as it is written",
         "A=1\nB='x'\nC=\"y\" \n"sv,
         {{"A", "1"}, {"B", "'x'"}, {"C", "y"}},
         "A=1\nB='x'\nC=\"y\" \n"sv},
        {"of several the first, and no other",
         "A=1\nB=2\nA=3\n# c\nA=\"4\n5\"\nB=6\n"sv,
         {{"A", "7"}},
         "A=\"7\"\nB=2\n# c\nB=6\n"sv},
        {"of several alike", "A=1\nA=1\n"sv, {{"A", "1"}}, "A=1\n"sv},
        {"a value of several lines",
         "A=\"1\n2\n3\" # c\nB=2\n"sv,
         {{"A", "x"}},
         "A=\"x\"\nB=2\n"sv},
        {"a quote that is not closed", "A=\"1\nB=\"2\"\n"sv, {{"A", "x"}}, "A=\"x\"\nB=\"2\"\n"sv},
        {"a comment is no assignment",
         "#A=1\n # A=1\n"sv,
         {{"A", "2"}},
         "#A=1\n # A=1\nA=\"2\"\n"sv},
        {"a longer key is another", "AB=1\nA_=2\n"sv, {{"A", "3"}}, "AB=1\nA_=2\nA=\"3\"\n"sv},
        {"ends of lines",
         "A=1\r\nB=2\r\n"sv,
         {{"A", "3"}, {"C", "4"}},
         "A=\"3\"\r\nB=2\r\nC=\"4\"\r\n"sv},
        {"a byte order mark",
         "\xef\xbb\xbf"
         "A=1\nB=2\n"sv,
         {{"A", "3"}},
         "\xef\xbb\xbf"
         "A=\"3\"\nB=2\n"sv},
        {"a NUL elsewhere", "x\0y\nA=1\n"sv, {{"A", "2"}}, "x\0y\nA=\"2\"\n"sv},
        {"what sh would read otherwise",
         ""sv,
         {{"A", "a\"b\\c$d`e`$VEID ${VEID}$VEIDX"}},
         "A=\"a\\\"b\\\\c\\$d\\`e\\`$VEID ${VEID}\\$VEIDX\"\n"sv},
    };
    for (const Case& c : cases)
        EXPECT_EQ(edit_config(c.text, c.changes), c.expected) << c.what;
}

TEST(ConfigEdit, IsReadBackAsItWasMeant) {
    for (const char* value :
         {"", "a b", "\"", "\\", "a\\", "$(rm)", "`x`", "#", "'", "=", "\t", "ä"}) {
        const std::string text = edit_config("", {{"A", value}});
        EXPECT_EQ(values_of(text, "A"), std::vector<std::string>{value}) << text;
        ConfigLines lines(text);
        ConfigLine line{};
        ASSERT_TRUE(lines.next(line));
        EXPECT_EQ(find_shell_difference(line), nullptr) << text;
    }
    EXPECT_EQ(values_of("A=1\nB=2\nA=\"3\n4\"\nA=\"5\n", "A"),
              (std::vector<std::string>{"1", "3\n4"}));
}

}  // namespace

}  // namespace vps

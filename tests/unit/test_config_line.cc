#include <gtest/gtest.h>

#include "config/config_line.hh"

namespace vps {

using namespace std::string_view_literals;

// All lines as "line:key-column:value-column key=value" or "line:column !trouble".
static std::string read_all(std::string_view text) {
    std::string all;
    ConfigLines lines(text);
    ConfigLine line{};
    while (lines.next(line)) {
        all += std::to_string(line.line) + ":" + std::to_string(line.key_column);
        if (line.trouble)
            all += " !" + std::string(line.trouble) + "\n";
        else
            all += ":" + std::to_string(line.value_column) + " " + std::string(line.key) + "=" +
                   std::string(line.value) + "\n";
    }
    return all;
}

struct Case {
    std::string_view text;
    std::string_view lines;
};

TEST(ConfigLine, ReadsAsVzctlDoes) {
    const Case cases[] = {
        {"", ""},
        {"\n\n", ""},
        {"# comment\n  # another\n", ""},
        {"A=1\n", "1:1:3 A=1\n"},
        {"A=1", "1:1:3 A=1\n"},
        {"A=", "1:1:3 A=\n"},
        {"A=\"\"", "1:1:4 A=\n"},
        {"A=\"x y\"\n", "1:1:4 A=x y\n"},
        {"\t A=\"x\"  \n", "1:3:6 A=x\n"},
        // Blanks around "=" are part of key and value.
        {"A = 1\n", "1:1:4 A = 1\n"},
        {"A= 1 \t\n", "1:1:3 A= 1\n"},
        // An unquoted value is the rest of the line, a comment included.
        {"A=x # y\n", "1:1:3 A=x # y\n"},
        {"A=x\"y\"\n", "1:1:3 A=x\"y\"\n"},
        {"A='x y'\n", "1:1:3 A='x y'\n"},
        {"A=b=c\n", "1:1:3 A=b=c\n"},
        // A quoted value ends at the last quote.
        {"A=\"x\" # y\n", "1:1:4 A=x\n"},
        {"A=\"x\" # \"y\" z\n", "1:1:4 A=x\" # \"y\n"},
        {"A=\"x\"y\"z\n", "1:1:4 A=x\"y\n"},
        // A backslash stands for the next character.
        {"A=\"x\\\"y\"\n", "1:1:4 A=x\"y\n"},
        {"A=\"\\a\\\\b\\$\"\n", "1:1:4 A=a\\b$\n"},
        {"A=x\\ y\n", "1:1:3 A=x y\n"},
        {"A=x\\\n", "1:1:3 A=x\n"},
        {"A=\"x\\\"\nB=1\n", "1:1:4 A=x\n2:1:3 B=1\n"},
        // Lines that cannot be read.
        {"A\nB=1\n", "1:1 !no '=' in this line\n2:1:3 B=1\n"},
        {" =1\n", "1:2 !no key before '='\n"},
        {"x", "1:1 !no '=' in this line\n"},
        {"\"", "1:1 !no '=' in this line\n"},
        {"A=\"\nB=1", "1:1 !no closing '\"'\n2:1:3 B=1\n"},
        {"A=\"", "1:1 !no closing '\"'\n"},
        {"A=1\0\nB=2"sv, "1:1 !NUL byte in this line\n2:1:3 B=2\n"},
        {"\0"sv, "1:1 !no '=' in this line\n"},
        {"# limits\rA=1\rB=2\r",
         "1:1 !a carriage return within this line, where a line end may be "
         "meant\n"},
        {" A=1\rB=2\r\r\n\r\nC=3\r\n",
         "1:2 !a carriage return within this line, where a line "
         "end may be meant\n3:1:3 C=3\n"},
    };
    for (const auto& [text, lines] : cases)
        EXPECT_EQ(read_all(text), lines) << text;
}

TEST(ConfigLine, ReadsQuotedValuesOverLinesAsShDoes) {
    const Case cases[] = {
        {"A=\"x\ny\"\nB=1\n", "1:1:4 A=x\ny\n3:1:3 B=1\n"},
        {"A=\"\n\n\"\nB=1\n", "1:1:4 A=\n\n\n4:1:3 B=1\n"},
        {"A=\"x\n# y\nz\" # w\n", "1:1:4 A=x\n# y\nz\n"},
        {"A=\"x\ny\\\"z\"\n", "1:1:4 A=x\ny\"z\n"},
        {"A=\"x\r\ny\"\r\n", "1:1:4 A=x\ny\n"},
        // A forgotten quote costs its own line only.
        {"A=\"x\nB=\"y\"\nC=1\n", "1:1 !no closing '\"'\n2:1:4 B=y\n3:1:3 C=1\n"},
        {"A=\"x\ny\0\"\n"sv, "1:1 !no closing '\"'\n2:1 !no '=' in this line\n"},
    };
    for (const auto& [text, lines] : cases)
        EXPECT_EQ(read_all(text), lines) << text;
}

TEST(ConfigLine, DropsCarriageReturns) {
    EXPECT_EQ(read_all("A=\"1\"\r\nB=2\r\n\r\nC=3\r"), "1:1:4 A=1\n2:1:3 B=2\n4:1:3 C=3\n");
    ConfigLines lines("A=1\r\n");
    ConfigLine line{};
    EXPECT_FALSE(lines.carriage_returns());
    EXPECT_TRUE(lines.next(line));
    EXPECT_TRUE(lines.carriage_returns());
}

TEST(ConfigLine, ReadsHugeLines) {
    const std::string huge(1 << 20, 'x');
    EXPECT_EQ(read_all("A=\"" + huge + "\"\nB=1"), "1:1:4 A=" + huge + "\n2:1:3 B=1\n");
    EXPECT_EQ(read_all(huge), "1:1 !no '=' in this line\n");
    // Many unclosed quotes, each of which looks for its end, must not take quadratic time.
    std::string many;
    for (int i = 0; i < 100000; ++i)
        many += "A=\"\n";
    EXPECT_EQ(read_all(many).size(), [] {
        std::size_t size = 0;
        for (int i = 1; i <= 100000; ++i)
            size += std::to_string(i).size() + sizeof(":1 !no closing '\"'\n") - 1;
        return size;
    }());
}

TEST(ConfigLine, SaysWhereShReadsSomethingElse) {
    struct {
        std::string_view text;
        const char* difference;
    } const cases[] = {
        {"A=1", nullptr},
        {"A=\"x y\"", nullptr},
        {"A=\"x y\" ", nullptr},
        {"A=\"x\"\t# y", nullptr},
        {"A=\"\\\\ \\\" \\$ \\`\"", nullptr},
        {"A=\"x\ny\"", nullptr},
        {"A=/vz/$VEID", nullptr},
        {"A=\"/vz/${VEID}/x\"", nullptr},
        {"A = 1", "sh does not take this for an assignment"},
        {"1A=1", "sh does not take this for an assignment"},
        {"A=/vz/$VEIDS", "sh expands '$'"},
        {"A=\"$HOME\"", "sh expands '$'"},
        {"A=\"`id`\"", "sh runs what '`' quotes"},
        {"A=\"x\"y", "sh does not end the value at the last '\"'"},
        {"A=\"x\"# y", "sh does not end the value at the last '\"'"},
        {"A=\"x\" # \"y\"", "sh does not end the value at the last '\"'"},
        {"A=\"x\" B=\"y\"", "sh does not end the value at the last '\"'"},
        {"A=\"\\a\"", "sh keeps a '\\' here"},
        {"A=\"a\\\"", "sh misses the closing '\"'"},
        {"A=x y", "sh needs quotes around this value"},
        {"A=x # y", "sh ends the value before '#'"},
        {"A='x'", "sh needs quotes around this value"},
        {"A=x;y", "sh needs quotes around this value"},
        {"A=\\x", "sh needs quotes around this value"},
    };
    for (const auto& [text, difference] : cases) {
        ConfigLines lines(text);
        ConfigLine line{};
        ASSERT_TRUE(lines.next(line)) << text;
        EXPECT_STREQ(find_shell_difference(line), difference) << text;
    }
}

}  // namespace vps

#include <gtest/gtest.h>

#include "generator/unit_file.hh"
#include "sys/error.hh"

namespace vps {

using namespace std::string_view_literals;

// The lines after the comment line.
static std::string body(const UnitFile& unit) {
    return unit.text().substr(unit.text().find('\n') + 1);
}

TEST(UnitFile, HoldsSectionsAndSettings) {
    UnitFile unit("/etc/vz/conf/101.conf");
    unit.section("Slice");
    unit.set("Documentation", "man:vps.conf(5)");
    unit.set("MemoryMax", 0);
    unit.set("CPUQuota", 25, "%");
    unit.set_path("SourcePath", "/etc/%n");
    unit.set_word("After", "vps@101.service");
    EXPECT_EQ(unit.text(),
              "# Made by systemd-vps-generator from /etc/vz/conf/101.conf\n"
              "\n[Slice]\nDocumentation=man:vps.conf(5)\nMemoryMax=0\nCPUQuota=25%\n"
              "SourcePath=/etc/%%n\nAfter=vps@101.service\n");
}

TEST(UnitFile, MakesTextHarmless) {
    const struct {
        std::string_view text, expected;
    } cases[] = {
        {"", ""},
        {"VPS 101", "VPS 101"},
        {"100%n %%", "100%%n %%%%"},
        {"a\nExecStart=x", "a ExecStart=x"},
        {"a\rb\tc\x7f\x1b", "a b c"},
        {"a\0b"sv, "a b"},
        {"ends so \\", "ends so"},
        {"ends so \\ \\\\", "ends so"},
        {"in\\side", "in\\side"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7"},
        {"\xff\xc0\xaf\xc3", "????"},                 // no UTF-8, overlong, cut short
        {"\xed\xa0\x80\xf4\x90\x80\x80", "???????"},  // a surrogate, beyond the last
    };
    for (const auto& [text, expected] : cases) {
        UnitFile unit("");
        unit.set_text("Description", text);
        EXPECT_EQ(body(unit), "Description=" + std::string(expected) + "\n");
    }
    UnitFile unit("");
    unit.set_text("Description", std::string(1 << 20, 'x'));
    EXPECT_LT(unit.text().size(), 300u);
}

TEST(UnitFile, QuotesPaths) {
    const struct {
        std::string_view path, expected;
    } cases[] = {
        {"/vz/private/101", "P=\"/vz/private/101\"\n"},
        {"/a b/%i", "P=\"/a b/%%i\"\n"},
        {"/a\"b\\c'd", "P=\"/a\\\"b\\\\c'd\"\n"},
        {"/a\\", "P=\"/a\\\\\"\n"},
        // The nearest parent stands for a path that systemd cannot be told.
        {"/vz/a\rb/101", "P=\"/vz\"\n"},
        {"/vz/ok/\xff", "P=\"/vz/ok\"\n"},
        {"/\n", ""},
        {"/", ""},
        {"", ""},
    };
    for (const auto& [path, expected] : cases) {
        UnitFile unit("");
        unit.add_path("P", path);
        EXPECT_EQ(body(unit), expected) << path;
    }
}

// Expected is what `systemd-escape --path --suffix=mount` prints.
TEST(UnitFile, NamesMountUnits) {
    const struct {
        std::string path, expected;
    } cases[] = {
        {"/vz/root/101", "After=vz-root-101.mount\n"},
        {"/vz//ro ot/a-b@c,d/", "After=vz-ro\\x20ot-a\\x2db\\x40c\\x2cd.mount\n"},
        {"/.hid/.x", "After=\\x2ehid-.x.mount\n"},
        {"/vz/\xc3\xbc%n/x_y:z", "After=vz-\\xc3\\xbc\\x25n-x_y:z.mount\n"},
        {"/a\\b\n\x1b", "After=a\\x5cb\\x0a\\x1b.mount\n"},
        {"/vz/../101", ""},
        {"/vz/./101", ""},
        {"/", ""},
        {"", ""},
        {"/" + std::string(249, 'x'), "After=" + std::string(249, 'x') + ".mount\n"},
        {"/" + std::string(250, 'x'), ""},
    };
    for (const auto& [path, expected] : cases) {
        UnitFile unit("");
        unit.add_mount_unit("After", path);
        EXPECT_EQ(body(unit), expected) << path;
    }
}

TEST(UnitFile, TakesOnlyWords) {
    UnitFile unit("");
    for (const auto word : {"a b", "a\nb", "%i", "\"", "a=b", "\\x20"})
        EXPECT_THROW(unit.set_word("After", word), Error) << word;
    EXPECT_EQ(body(unit), "");
}

}  // namespace vps

#include <gtest/gtest.h>

#include <algorithm>

#include "check/check_config.hh"
#include "check/check_script.hh"
#include "check/plain_text.hh"

namespace {

using namespace vps;

TEST(PlainText, ShowsNoControlCharacters) {
    EXPECT_EQ(to_printable("a\x1b[1m\xc2\x9b\xff\xe2\x80\xae"), "a?[1m???");
    EXPECT_EQ(to_printable("für €"), "für €");
    EXPECT_EQ(to_json("a\"\\\n\xff"), R"("a\"\\\u000a\ufffd")");
}

TEST(FindCommands, PassesOverWhatIsNoCommand) {
    const auto commands = find_commands("# a\nA=1 b c; if d \"e; f\"; then g \\\n h; fi\n'");
    ASSERT_EQ(commands.size(), 4u);
    EXPECT_EQ(commands[0].words, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(commands[1].words[0], "d");
    EXPECT_EQ(commands[2].words[0], "g");
    EXPECT_EQ(commands[2].line, 2u);
}

TEST(FindCommands, SeesWhatSubstitutionsRun) {
    const auto commands =
        find_commands("a=$(b \"$(c\nd)\" '$(no)') e \"`f` ${x:-'}'}\" $((no + 1)) # $(no)\n`g`");
    std::vector<std::string> first;
    for (const ShellCommand& command : commands)
        first.push_back(std::to_string(command.line) + command.words[0]);
    std::sort(first.begin(), first.end());
    EXPECT_EQ(first, (std::vector<std::string>{"1b", "1c", "2d", "2e", "2f", "3`g`", "3g"}));
}

TEST(FindCommands, EndsWithAnyText) {
    for (const char* text : {"\\", "'", "\"\\", "$(", "${", "<<", "<<-", "case x in", "`", "((((",
                             "a()", "$(\\", "\"$(\\", "`\\", "\"`"})
        (void)find_commands(text);
    for (const char* text : {"$(", "\"$(", "`$(", "${", "\"`"}) {
        std::string many;
        for (int i = 0; i < 100'000; ++i)
            many += text;
        (void)find_commands(many);
    }
}

TEST(CheckConfig, SaysWhichOfTwoCounts) {
    const auto checked = check_vps_config(ConfigText{"vz.conf", "PHYSPAGES=1G\n"},
                                          {"N.conf", "PHYSPAGES=x\nPHYSPAGES=1M\nPHYSPAGES=2M\n"},
                                          *Veid::parse("101"));
    ASSERT_EQ(checked.rows.size(), 3u);
    EXPECT_FALSE(checked.rows[0].counts);
    EXPECT_FALSE(checked.rows[1].counts);
    EXPECT_TRUE(checked.rows[2].counts);
    EXPECT_EQ(checked.rows[2].becomes, "MemoryMax=2097152");
}

TEST(CheckConfig, SaysWhatNamesBecome) {
    const auto checked = check_vps_config(
        ConfigText{"vz.conf", "NAMESERVER=inherit\n"},
        {"N.conf", "HOSTNAME=web\nNAMESERVER=192.0.2.1\nNAMESERVER=x\nSEARCHDOMAIN=example.org\n"},
        *Veid::parse("101"));
    ASSERT_EQ(checked.rows.size(), 4u);
    EXPECT_NE(checked.rows[0].becomes.find("/etc/hostname"), std::string::npos);
    EXPECT_NE(checked.rows[1].becomes.find("nameserver lines"), std::string::npos);
    EXPECT_FALSE(checked.rows[2].counts);
    EXPECT_NE(checked.rows[3].becomes.find("search line"), std::string::npos);
    ASSERT_FALSE(checked.findings.empty());
    EXPECT_EQ(checked.findings[0].text,
              "NAMESERVER: bad value 'x': neither an IP address nor 'inherit'");
}

}  // namespace

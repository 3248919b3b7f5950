#include <gtest/gtest.h>

#include <algorithm>

#include "check/check_config.hh"
#include "check/check_script.hh"
#include "check/plain_text.hh"
#include "check/shell_commands.hh"

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
    EXPECT_EQ(checked.findings[0].text, "NAMESERVER: 'x': neither an IP address nor 'inherit'");
    EXPECT_EQ(checked.findings[0].key, "NAMESERVER");
}

TEST(CheckConfig, SaysNothingOfEqualValues) {
    const auto notes_of = [](const char* vz_conf, const char* vps_conf) {
        return check_vps_config(ConfigText{"vz.conf", vz_conf}, {"N.conf", vps_conf},
                                *Veid::parse("101"))
            .findings.size();
    };
    EXPECT_EQ(notes_of("NUMPROC=5\n", "NUMPROC=5\n"), 0u);
    EXPECT_EQ(notes_of("NUMPROC=5\n", "NUMPROC=6\n"), 1u);
}

TEST(CheckConfig, SaysWhyNothingFollows) {
    const auto rows = check_vps_config(std::nullopt,
                                       {"N.conf",
                                        "DISK_QUOTA=no\nDISKSPACE=5\nPRIVVMPAGES=5\nDISABLED=no\n"
                                        "CPUUWEIGHT=1000\nPHYSPAGES=unlimited\nKMEMSIZE=1\nX=1\n"
                                        "VIRTUOZZO=no\nONBOOT=yes\n"},
                                       *Veid::parse("101"))
                          .rows;
    const char* const expected[] = {"no project quota on VE_PRIVATE",
                                    "nothing: DISK_QUOTA is no",
                                    "nothing: LEGACY_UBC_LIMITS is not yes",
                                    "the default",
                                    "CPUWeight=50",
                                    "none (MemoryMax=limit)",
                                    "nothing: no equivalent on a stock kernel",
                                    "nothing: unknown key",
                                    "nothing in this file",
                                    "started by vps.target"};
    ASSERT_EQ(rows.size(), std::size(expected));
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(rows[i].becomes, expected[i]) << rows[i].key;
}

// Line and text of each finding, on a host whose sh is dash and that has no program but these.
std::string script_findings(const std::string& text) {
    const ScriptPlace place{[](const std::string& path) {
                                return path == "/bin/sh" || path == "/bin/bash" ||
                                       path == "/usr/bin/env" || path == "/usr/bin/iptables";
                            },
                            true};
    std::string all;
    for (const Finding& finding : check_script_text(script::kMount, text, 0755, place))
        all += std::to_string(finding.line) + " " + finding.text + "\n";
    return all;
}

TEST(CheckScript, KnowsWhatDashDoesNot) {
    constexpr const char* kRest = ", or #!/bin/bash in the first line\n";
    const std::pair<const char*, std::string> cases[] = {
        {"x >& /dev/null &", "'>&' is bash's, and /bin/sh is dash: write '>FILE 2>&1'"},
        {"x &> log", "'&>' is bash's, and /bin/sh is dash: write '>FILE 2>&1'"},
        {"if [ \"$1\" == up ]; then :; fi", "'==' is bash's, and /bin/sh is dash: write '='"},
        {"type -p ls", "'type -p' is bash's, and /bin/sh is dash: write 'command -v'"},
        {"function f {\n}", "'function' is bash's, and /bin/sh is dash: write 'NAME() {'"},
        {"[[ -e x ]]", "'[[' is bash's, and /bin/sh is dash: write '['"},
        {"source x", "'source' is bash's, and /bin/sh is dash: write '.'"},
    };
    for (const auto& [line, expected] : cases) {
        EXPECT_EQ(script_findings(std::string("#!/bin/sh\n") + line + "\n"),
                  "2 " + expected + kRest);
        EXPECT_EQ(script_findings(std::string("#!/bin/bash\n") + line + "\n"), "");
    }
    for (const char* line : {"x >&2", "x 2>&1 &", "x >&-", "x >&$fd", "x && y", "[ a = b ]",
                             "echo '>& x'", "type ls", "x >/dev/null 2>&1 & >y"})
        EXPECT_EQ(script_findings(std::string("#!/bin/sh\n") + line + "\n"), "") << line;
}

TEST(CheckScript, LooksForTheInterpreterBehindEnv) {
    EXPECT_EQ(script_findings("#!/usr/bin/env bash\n"), "");
    EXPECT_EQ(script_findings("#!/usr/bin/env -S A=1 bash -e\n"), "");
    EXPECT_EQ(script_findings("#!/usr/bin/env no-such\nsource x\n"),
              "1 'no-such', which /usr/bin/env of its first line is to find, is not there\n");
}

TEST(CheckScript, SaysOnceWhatIsThereOften) {
    EXPECT_EQ(
        script_findings("#!/bin/sh\nbrctl a\nbrctl b; brctl c\nbrctl d\n"),
        "2 'brctl' is not on this host: package bridge-utils, or ip link (lines 3, 4, too)\n");
}

TEST(CheckScript, KnowsTheOldOrderOfIptables) {
    EXPECT_EQ(script_findings("#!/bin/sh\niptables -A INPUT -s ! 192.0.2.1 -j DROP\n"),
              "2 iptables takes '!' before the option only: '! -s ADDRESS', not '-s ! ADDRESS'\n");
    EXPECT_EQ(script_findings("#!/bin/sh\niptables -A INPUT ! -s 192.0.2.1 -p tcp ! --syn\n"), "");
    EXPECT_EQ(
        script_findings("#!/bin/sh\nmount -o loop -t ext3 /srv/image $VE_ROOT/data\n"),
        "2 mount -t ext3: user ids cannot be mapped there; in a VPS that is not USERNS=no its "
        "files are nobody's; -t ext4 has the same driver, and can\n");
    EXPECT_EQ(script_findings("#!/bin/sh\nmount -t ext4 /srv/image $VE_ROOT/data\n"), "");
}

}  // namespace

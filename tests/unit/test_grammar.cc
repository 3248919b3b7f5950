#include <gtest/gtest.h>

#include "command/grammar.hh"
#include "sys/error.hh"

namespace {

using namespace vps;
using Words = std::vector<std::string>;

Grammar make_grammar(CommandPlace command = CommandPlace::None) {
    return {"vps-test",
            "VEID",
            "Tests.",
            {{"user", 0, "USER", "who"},
             {"force", 0, {}, "go on"},
             {"quiet", 'q', {}, "less"},
             {"", 'o', "OPTIONS", "mount options"}},
            command};
}

std::string refusal_of(const Words& words) {
    try {
        (void)parse_words(words, make_grammar());
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::Usage);
        return error.what();
    }
}

TEST(Grammar, OptionsStandAnywhere) {
    for (const Words& words :
         {Words{"--user", "web", "--force", "101", "x"}, Words{"--user=web", "101", "--force", "x"},
          Words{"101", "x", "--force", "--user", "no", "--user", "web"}}) {
        const CommandLine line = parse_words(words, make_grammar());
        EXPECT_EQ(line.operands, Words({"101", "x"}));
        EXPECT_EQ(line.value("user"), "web");
        EXPECT_TRUE(line.has("force"));
        EXPECT_FALSE(line.has("quiet"));
        EXPECT_TRUE(line.command.empty());
    }
}

TEST(Grammar, LettersDashesAndWhatIsNoOption) {
    const CommandLine line =
        parse_words({"-qh", "-o", "ro", "-odev", "-", "", "--", "--force", "-q"}, make_grammar());
    EXPECT_TRUE(line.has("quiet"));
    EXPECT_TRUE(line.has("help"));
    EXPECT_EQ(line.values("-o"), Words({"ro", "dev"}));
    EXPECT_EQ(line.operands, Words({"-", "", "--force", "-q"}));
}

TEST(Grammar, NothingIsGuessed) {
    EXPECT_EQ(refusal_of({"--forc"}), "unknown option '--forc' (see --help)");
    EXPECT_EQ(refusal_of({"--us=web"}), "unknown option '--us' (see --help)");
    EXPECT_EQ(refusal_of({"--Force"}), "unknown option '--Force' (see --help)");
    EXPECT_EQ(refusal_of({"-qZ"}), "unknown option '-qZ' (see --help)");
    EXPECT_EQ(refusal_of({"--user"}), "--user wants a value, USER (see --help)");
    EXPECT_EQ(refusal_of({"--user="}), "--user wants a value, USER (see --help)");
    EXPECT_EQ(refusal_of({"--user", "--force"}), "--user wants a value, USER (see --help)");
    EXPECT_EQ(refusal_of({"--user", "-web"}), "--user wants a value, USER (see --help)");
    EXPECT_EQ(refusal_of({"-o"}), "-o wants a value, OPTIONS (see --help)");
    EXPECT_EQ(refusal_of({"--force=yes"}), "--force takes no value (see --help)");
    EXPECT_EQ(refusal_of({"--user=-web", "--user=a b"}), "");
}

TEST(Grammar, EverythingAfterTheVeidIsTheCommand) {
    struct Case {
        Words words, operands, command;
    };
    for (const Case& given : {
             Case{{}, {}, {}},
             Case{{"101"}, {"101"}, {}},
             Case{{"101", "--"}, {"101"}, {}},
             Case{{"101", "ls", "-l"}, {"101"}, {"ls", "-l"}},
             Case{{"101", "--", "ls", "--"}, {"101"}, {"ls", "--"}},
             Case{{"101", "--", "--", "x"}, {"101"}, {"--", "x"}},
             Case{{"101", "--user", "web"}, {"101"}, {"--user", "web"}},
             Case{{"101", "--help"}, {"101"}, {"--help"}},
             Case{{"101", ""}, {"101"}, {""}},
             Case{{"--user", "web", "101", "id"}, {"101"}, {"id"}},
             Case{{"--user=web", "101", "id"}, {"101"}, {"id"}},
             Case{{"-o", "ro", "101", "id"}, {"101"}, {"id"}},
             Case{{"--", "101", "id"}, {"101"}, {"id"}},
             Case{{"--", "101", "--", "-x"}, {"101"}, {"-x"}},
             Case{{"--user", "101"}, {}, {}},
             Case{{"-h", "101", "x"}, {"101"}, {"x"}},
         }) {
        const CommandLine line = parse_words(given.words, make_grammar(CommandPlace::AfterOperand));
        EXPECT_EQ(line.operands, given.operands);
        EXPECT_EQ(line.command, given.command);
    }
}

TEST(Grammar, HelpListsAllOptions) {
    EXPECT_EQ(help_text({"vps-test", "VEID", "Tests.", {{"root", 'r', "DIR", "read there"}}}),
              "Usage: vps-test [--root DIR] VEID\n\n"
              "Tests.\n\n"
              "  -r, --root DIR  read there\n"
              "  -h, --help      show this help\n"
              "      --version   show the version\n\n"
              "More: man vps-test\n");
}

}  // namespace

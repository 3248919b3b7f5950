// vzctl's command line, as far as it needs neither root nor a VPS.
#include <gtest/gtest.h>

#include <algorithm>

#include "manage/inside.hh"
#include "manage/options.hh"
#include "manage/vzctl.hh"

namespace vps {

namespace {

constexpr VerbOption kSome[] = {
    {"ipadd", Takes::Value}, {"ip", Takes::Value}, {"save"}, {"numfile", Takes::Value, 'n'}};

std::string read(const std::vector<std::string>& words) {
    std::string text;
    try {
        for (const GivenOption& option : parse_options(words, kSome, ExitCode::BadValue).options)
            text += option.name + "=" + option.value + ";";
    } catch (const Error& error) {
        text = std::to_string(static_cast<int>(error.code())) + " " + error.what();
    }
    return text;
}

TEST(VzctlOptions, AreReadAsGetoptDoes) {
    EXPECT_EQ(read({"--ipadd", "10.0.0.1", "--save"}), "ipadd=10.0.0.1;save=;");
    EXPECT_EQ(read({"--save", "--ipadd=10.0.0.1", "--ipadd", "10.0.0.2"}),
              "save=;ipadd=10.0.0.1;ipadd=10.0.0.2;");
    EXPECT_EQ(read({"--ipa", "x", "--sav"}), "ipadd=x;save=;");
    EXPECT_EQ(read({"--ip", "x"}), "ip=x;");
    EXPECT_EQ(read({"--ipadd="}), "ipadd=;");
    EXPECT_EQ(read({"--ipadd", "--save"}), "ipadd=--save;");
    EXPECT_EQ(read({"-n", "5:6"}), "numfile=5:6;");
    EXPECT_EQ(read({}), "");
}

TEST(VzctlOptions, AreRefused) {
    EXPECT_EQ(read({"--frobnicate"}), "21 unknown option '--frobnicate' (see vzctl --help)");
    EXPECT_EQ(read({"--save", "-z"}), "21 unknown option '-z' (see vzctl --help)");
    EXPECT_EQ(read({"--ipadd"}), "21 --ipadd wants a value");
    EXPECT_EQ(read({"--save=yes"}), "21 unknown option '--save=yes' (see vzctl --help)");
    EXPECT_EQ(read({"--save", "a", "b"}), "20 invalid extra arguments: 'a' 'b'");
}

TEST(Vzctl, JoinsTheWordsOfExec) {
    EXPECT_EQ(join_words({"echo", "a  b", "", "c"}), "echo a  b '' c");
    EXPECT_EQ(join_words({"ls | wc"}), "ls | wc");
    EXPECT_EQ(join_words({""}), "''");
}

int run(const std::vector<std::string>& words, std::string& output, std::string& errors) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const ExitCode code = run_vzctl(words);
    output = testing::internal::GetCapturedStdout();
    errors = testing::internal::GetCapturedStderr();
    return static_cast<int>(code);
}

TEST(Vzctl, BeginsWithItsVersion) {
    std::string output, errors;
    EXPECT_EQ(run({"--version"}, output, errors), 0);
    EXPECT_TRUE(output.starts_with("vzctl version 4.11.1 (systemd-vps ")) << output;
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1);
    const std::string version = output;
    for (const char* word : {"--help", "-h"}) {
        EXPECT_EQ(run({word}, output, errors), 0);
        EXPECT_TRUE(output.starts_with(version)) << output;
        EXPECT_EQ(errors, "");
    }
    EXPECT_EQ(run({}, output, errors), 20);
    EXPECT_EQ(output, "");
    EXPECT_TRUE(errors.starts_with(version)) << errors;
}

TEST(Vzctl, RefusesWordsAsVzctlDoes) {
    struct Case {
        std::vector<std::string> words;
        int code;
        const char* errors;
    };
    for (const Case& c :
         {Case{{"frobnicate", "101"}, 20, "Bad command: frobnicate\n"},
          Case{{"start"}, 21, "CT ID missing\n"}, Case{{"snapshot"}, 21, "CT ID missing\n"},
          Case{{"start", "no such name"}, 21, "Bad CT ID no such name\n"},
          Case{{"start", "-5"}, 21, "Bad CT ID -5\n"},
          Case{{"start", "a\x1b[2J\nb"}, 21, "Bad CT ID a?[2J?b\n"},
          Case{{"--quiet", "frobnicate"}, 20, ""},
          Case{{"--verbose", "--skiplock", "start"}, 21, "CT ID missing\n"}}) {
        std::string output, errors;
        EXPECT_EQ(run(c.words, output, errors), c.code) << c.errors;
        EXPECT_EQ(errors, c.errors);
        EXPECT_EQ(output, "");
    }
}

}  // namespace

}  // namespace vps

// Action scripts source the files that the project reads. Where a file has only plain KEY="value"
// lines, about which the reader says nothing, both must get the same values: random files, read by
// the reader, by dash and by bash.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "config/config_line.hh"

namespace vps {

namespace {

using Values = std::map<std::string, std::string>;

constexpr int kFiles = 100;
constexpr int kMostLines = 30;

class RandomFile {
  public:
    explicit RandomFile(unsigned seed) : random_(seed) {}

    std::string make() {
        std::string text;
        for (int lines = pick(kMostLines); lines > 0; --lines)
            text += make_line();
        if (pick(4) == 0 && !text.empty())
            text.pop_back();  // the last newline
        return text;
    }

  private:
    int pick(int below) { return std::uniform_int_distribution<>(0, below - 1)(random_); }

    std::string make_line() {
        static const std::string comments[] = {"\n", "# it's \"quoted\n", "  #\n", " \t\n"};
        if (pick(6) == 0)
            return comments[pick(4)];
        return std::string(pick(8) == 0 ? "  " : "") + make_key() + "=\"" + make_value() + "\"" +
               (pick(8) == 0 ? " # behind" : "") + (pick(8) == 0 ? " " : "") + "\n";
    }

    // A key out of few, so that some keys come twice.
    std::string make_key() {
        static const std::string keys[] = {"NAME", "K_1", "IP_ADDRESS", "_", "aB9", "PHYSPAGES"};
        return "T" + keys[pick(6)];
    }

    std::string make_value() {
        std::string value;
        for (int length = pick(40); length > 0; --length)
            value += make_char();
        return value;
    }

    std::string make_char() {
        static const std::string escapes[] = {"\\\"", "\\\\", "\\$", "\\`"};
        static const std::string oddities[] = {"\xc3\xa4", "\xff", "\t", "\n", "%", "'", "#", "="};
        switch (pick(12)) {
            case 0:
                return escapes[pick(4)];
            case 1:
                return oddities[pick(8)];
            default: {
                char c;
                do
                    c = static_cast<char>(' ' + pick(95));
                while (c == '"' || c == '\\' || c == '$' || c == '`');
                return {c};
            }
        }
    }

    std::mt19937 random_;
};

// The reader's values; none if the reader finds fault with the file, which sh may then read
// differently.
std::optional<Values> read_ourselves(std::string_view text) {
    Values values;
    ConfigLines lines(text);
    ConfigLine line{};
    while (lines.next(line)) {
        if (line.trouble || find_shell_difference(line))
            return {};
        values[std::string(line.key)] = line.value;
    }
    return values;
}

std::string run(const std::string& command) {
    std::string output;
    FILE* pipe = popen(command.c_str(), "re");
    char buffer[4096];
    while (const auto count = fread(buffer, 1, sizeof buffer, pipe))
        output.append(buffer, count);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return output;
}

// The values that a shell has which sources the file; it prints each, ended by a NUL.
Values read_with(const std::string& shell, const std::string& file, const Values& keys) {
    std::string command = "env -i LC_ALL=C " + shell + " -c '. " + file + "; printf \"%s\\0\"";
    for (const auto& [key, value] : keys)
        command += " \"$" + key + "\"";
    const auto output = run(command + "'");
    Values values;
    std::size_t at = 0;
    for (const auto& [key, value] : keys) {
        const auto end = output.find('\0', at);
        values[key] = output.substr(at, end - at);
        at = end + 1;
    }
    return values;
}

}  // namespace

TEST(ConfigShell, ReadsPlainFilesAsWeDo) {
    const char* given = getenv("VPS_TEST_SEED");
    const auto seed = given ? static_cast<unsigned>(strtoul(given, nullptr, 10)) : 20060101u;
    SCOPED_TRACE("VPS_TEST_SEED=" + std::to_string(seed));

    char name[] = "/tmp/vps-test-XXXXXX";
    const std::string dir = mkdtemp(name);
    const auto file = dir + "/101.conf";
    RandomFile source(seed);
    int compared = 0;
    for (int i = 0; i < kFiles; ++i) {
        const auto text = source.make();
        const auto values = read_ourselves(text);
        if (!values)
            continue;
        std::ofstream(file, std::ios::binary) << text;
        for (const std::string shell : {"dash", "bash"})
            ASSERT_EQ(read_with(shell, file, *values), *values) << shell << " reads\n" << text;
        ++compared;
    }
    std::filesystem::remove_all(dir);
    EXPECT_GT(compared, kFiles / 2);
}

}  // namespace vps

// The grammar of command lines, the same for all programs: options are spelt in full and stand
// anywhere among the operands; "--root DIR" and "--root=DIR" mean the same; of an option that is
// given twice the last counts; "--" ends them; --help, -h and --version are always there. (The
// generator, on the boot path, parses by hand what the same grammar says.)
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vps {

struct Option {
    std::string name;        // "root"; empty: it is a letter only
    char letter = 0;         // 'q'; 0: it has none
    std::string value = {};  // what its value is called, "DIR"; empty: it takes none
    std::string help = {};   // empty: --help leaves it out
};

// The place at which words of another command begin, which are not looked at.
enum class CommandPlace { None, AfterOperand };

struct Grammar {
    std::string program;   // "vps-check"
    std::string operands;  // what follows the options, for --help: "VEID"
    std::string summary;   // a sentence for --help
    std::vector<Option> options;
    CommandPlace command = CommandPlace::None;
};

struct CommandLine {
    // Options by name, or by "-x", with the values that were given, one each time.
    std::map<std::string, std::vector<std::string>, std::less<>> options;
    std::vector<std::string> operands;
    std::vector<std::string> command;  // without the "--" before it

    [[nodiscard]] bool has(std::string_view option) const;
    [[nodiscard]] std::vector<std::string> values(std::string_view option) const;
    // The last of them; empty if there is none.
    [[nodiscard]] std::string value(std::string_view option) const;
};

// Throws Error Usage.
CommandLine parse_words(const std::vector<std::string>& words, const Grammar& grammar);

std::string help_text(const Grammar& grammar);

// An Error Usage that tells where help is.
[[noreturn]] void usage_error(const std::string& text);

}  // namespace vps

#include "command/grammar.hh"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>

#include "sys/error.hh"

namespace vps {

namespace po = boost::program_options;

namespace {

constexpr int kStyle = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

std::vector<Option> all_options(const Grammar& grammar) {
    std::vector<Option> options = grammar.options;
    options.push_back({"help", 'h', {}, "show this help"});
    options.push_back({"version", 0, {}, "show the version"});
    return options;
}

po::options_description describe(const std::vector<Option>& options) {
    po::options_description described;
    for (const Option& option : options) {
        const std::string names =
            option.letter ? fmt::format("{},{}", option.name, option.letter) : option.name;
        described.add_options()(names.c_str(), new po::untyped_value(option.value.empty()), "");
    }
    return described;
}

bool takes_next_word(const std::string& word, const std::vector<Option>& options) {
    return std::any_of(options.begin(), options.end(), [&](const Option& option) {
        return !option.value.empty() &&
               ((!option.name.empty() && word == "--" + option.name) ||
                (option.letter && word == std::string{'-', option.letter}));
    });
}

struct SplitWords {
    std::vector<std::string> ours, command;
};

SplitWords split_off_command(const std::vector<std::string>& words,
                             const std::vector<Option>& options, CommandPlace place) {
    if (place == CommandPlace::None)
        return {words, {}};
    SplitWords split;
    auto word = words.begin();
    while (word != words.end() && word->starts_with('-') && *word != "--") {
        if (takes_next_word(*word, options) && word + 1 != words.end())
            split.ours.push_back(*word++);
        split.ours.push_back(*word++);
    }
    if (word != words.end() && *word == "--")
        split.ours.push_back(*word++);
    if (word != words.end())
        split.ours.push_back(*word++);
    if (word != words.end() && *word == "--")
        ++word;
    split.command.assign(word, words.end());
    return split;
}

[[noreturn]] void refuse_missing_value(const std::string& name,
                                       const std::vector<Option>& options) {
    const auto option = std::find_if(options.begin(), options.end(), [&](const Option& known) {
        return takes_next_word(name, {known});
    });
    usage_error(fmt::format("{} wants a value, {}", name,
                            option == options.end() ? std::string("a word") : option->value));
}

[[noreturn]] void refuse_syntax(const po::invalid_command_line_syntax& error,
                                const std::vector<Option>& options) {
    std::string name = error.get_option_name();
    if (name.size() == 3)
        name.erase(0, 1);  // "--o" for a letter
    using Kind = po::invalid_command_line_syntax;
    if (error.kind() == Kind::missing_parameter || error.kind() == Kind::empty_adjacent_parameter)
        refuse_missing_value(name, options);
    if (error.kind() == Kind::extra_parameter)
        usage_error(fmt::format("{} takes no value", name));
    usage_error(error.what());
}

std::vector<po::option> run_parser(const std::vector<std::string>& words,
                                   const std::vector<Option>& options) {
    try {
        const po::options_description described = describe(options);
        return po::command_line_parser(words).options(described).style(kStyle).run().options;
    } catch (const po::unknown_option& error) {
        const std::string word = error.get_option_name();
        usage_error(fmt::format("unknown option '{}'", word.substr(0, word.find('='))));
    } catch (const po::invalid_command_line_syntax& error) {
        refuse_syntax(error, options);
    } catch (const po::error& error) {
        usage_error(error.what());
    }
}

// "  -q, --quiet"
std::string show_names(const Option& option) {
    std::string names = option.letter ? fmt::format("  -{}", option.letter) : "    ";
    if (!option.name.empty())
        names += fmt::format("{}--{}", option.letter ? ", " : "  ", option.name);
    return option.value.empty() ? names : names + " " + option.value;
}

std::string show_in_usage(const Option& option) {
    return fmt::format("[{}{}{}]",
                       option.name.empty() ? std::string{'-', option.letter} : "--" + option.name,
                       option.value.empty() ? "" : " ", option.value);
}

}  // namespace

bool CommandLine::has(std::string_view option) const {
    return options.contains(option);
}

std::vector<std::string> CommandLine::values(std::string_view option) const {
    const auto found = options.find(option);
    return found == options.end() ? std::vector<std::string>() : found->second;
}

std::string CommandLine::value(std::string_view option) const {
    const std::vector<std::string> all = values(option);
    return all.empty() ? std::string() : all.back();
}

CommandLine parse_words(const std::vector<std::string>& words, const Grammar& grammar) {
    const std::vector<Option> options = all_options(grammar);
    SplitWords split = split_off_command(words, options, grammar.command);
    CommandLine line;
    line.command = std::move(split.command);
    for (const po::option& parsed : run_parser(split.ours, options)) {
        const std::vector<std::string>& given = parsed.original_tokens;
        if (!parsed.string_key.empty() && given.size() == 2 && given[1].starts_with('-'))
            refuse_missing_value(given[0], options);
        const std::string value = parsed.value.empty() ? std::string() : parsed.value.front();
        if (parsed.string_key.empty())
            line.operands.push_back(value);
        else
            line.options[parsed.string_key].push_back(value);
    }
    return line;
}

std::string help_text(const Grammar& grammar) {
    std::string usage = "Usage: " + grammar.program, list;
    std::size_t width = 0;
    const std::vector<Option> options = all_options(grammar);
    for (const Option& option : options)
        width = std::max(width, show_names(option).size());
    for (const Option& option : options)
        if (!option.help.empty())
            list += fmt::format("{:{}}  {}\n", show_names(option), width, option.help);
    for (const Option& option : grammar.options)
        if (!option.help.empty())
            usage += " " + show_in_usage(option);
    return fmt::format("{}{}{}\n\n{}\n\n{}\nMore: man {}\n", usage,
                       grammar.operands.empty() ? "" : " ", grammar.operands, grammar.summary, list,
                       grammar.program);
}

void usage_error(const std::string& text) {
    throw Error(ExitCode::Usage, text + " (see --help)");
}

}  // namespace vps

#include "manage/options.hh"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>

#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

namespace {

constexpr int kFirst = 256;  // beyond all letters

std::vector<option> long_options(std::span<const VerbOption> known) {
    std::vector<option> options;
    for (std::size_t i = 0; i < known.size(); ++i)
        options.push_back({known[i].name.data(),
                           known[i].takes == Takes::Value ? required_argument : no_argument,
                           nullptr, kFirst + static_cast<int>(i)});
    options.push_back({});
    return options;
}

std::string short_options(std::span<const VerbOption> known) {
    std::string letters = ":";  // a missing value is told apart
    for (const VerbOption& option : known)
        if (option.letter != 0) {
            letters += option.letter;
            if (option.takes == Takes::Value)
                letters += ':';
        }
    return letters;
}

const VerbOption& find_option(int found, std::span<const VerbOption> known) {
    if (found >= kFirst)
        return known[static_cast<std::size_t>(found - kFirst)];
    return *std::find_if(known.begin(), known.end(),
                         [&](const VerbOption& option) { return option.letter == found; });
}

[[noreturn]] void refuse_operands(char* const* begin, char* const* end) {
    std::string text = "invalid extra arguments:";
    for (; begin != end; ++begin)
        text += fmt::format(" '{}'", *begin);
    throw Error(ExitCode::Usage, text);
}

}  // namespace

bool GivenOptions::has(std::string_view name) const {
    return std::any_of(options.begin(), options.end(),
                       [&](const GivenOption& given) { return given.name == name; });
}

GivenOptions parse_options(const std::vector<std::string>& words, std::span<const VerbOption> known,
                           ExitCode unknown) {
    std::vector<std::string> all{"vzctl"};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv = pointers_to(all);
    const int argc = static_cast<int>(all.size());
    const std::vector<option> longs = long_options(known);
    const std::string letters = short_options(known);
    GivenOptions given;
    optind = 0;  // begins anew
    opterr = 0;
    for (int found = 0;
         (found = getopt_long(argc, argv.data(), letters.c_str(), longs.data(), nullptr)) != -1;) {
        if (found == ':')
            throw Error(unknown, fmt::format("{} wants a value", argv[optind - 1]));
        if (found == '?')
            throw Error(unknown, fmt::format("unknown option '{}' (see vzctl --help)",
                                             argv[std::max(optind - 1, 1)]));
        given.options.push_back(
            {std::string(find_option(found, known).name), optarg ? optarg : ""});
    }
    if (optind < argc)
        refuse_operands(argv.data() + optind, argv.data() + argc);
    return given;
}

}  // namespace vps

#include "config/vznet_conf.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/config_text.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"

namespace vps {

namespace {

constexpr std::string_view kAssignment = "EXTERNAL_SCRIPT=";
constexpr std::string_view kBlanks = " \t\r", kEnds = "\n;&|<>()";

bool take(std::string_view& text, std::string_view prefix) {
    const bool there = text.starts_with(prefix);
    text.remove_prefix(there ? prefix.size() : 0);
    return there;
}

// A backslash at a line's end goes on with the next line.
void skip_blanks(std::string_view& text) {
    do
        text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    while (take(text, "\\\n"));
}

struct Word {
    std::string text;
    bool expands = false;  // sh would put something else in the place of a part of it
};

// Takes a quoted piece off `text`, which starts behind the quote. Within single quotes every
// character stands for itself; within double quotes a backslash takes the meaning from a character
// that sh would expand.
void take_quoted(Word& word, std::string_view& text, char quote) {
    while (!text.empty()) {
        if (quote == '"' && take(text, "\\\n"))
            continue;
        char c = text.front();
        text.remove_prefix(1);
        if (c == quote)
            return;
        const bool escapes = quote == '"' && c == '\\' && !text.empty() &&
                             std::string_view("$`\"\\").find(text.front()) != text.npos;
        if (escapes) {
            c = text.front();
            text.remove_prefix(1);
        } else if (quote == '"' && (c == '$' || c == '`')) {
            word.expands = true;
        }
        word.text += c;
    }
}

// The word of sh that `text` starts with.
Word take_word(std::string_view& text) {
    Word word;
    while (!text.empty() && kBlanks.find(text.front()) == text.npos &&
           kEnds.find(text.front()) == text.npos) {
        if (take(text, "\\\n"))
            continue;
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '\'' || c == '"') {
            take_quoted(word, text, c);
        } else if (c == '\\' && !text.empty()) {
            word.text += text.front();
            text.remove_prefix(1);
        } else {
            word.expands |= c == '$' || c == '`';
            word.text += c;
        }
    }
    return word;
}

bool is_assignment(std::string_view text) {
    const auto is_of_name = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    };
    const auto end = std::find_if_not(text.begin(), text.end(), is_of_name);
    return end != text.begin() && end != text.end() && *end == '=';
}

struct Assigned {
    Word value;
    std::size_t at;  // of the value, in the text
};

// What the command that `text` starts with leaves in EXTERNAL_SCRIPT, if anything: assignments
// before a program's name are the program's. Takes the command off, with the character that ends
// it.
std::optional<Assigned> take_command(std::string_view& text, std::string_view whole) {
    std::optional<Assigned> assigned;
    bool is_export = false, is_program = false;
    for (skip_blanks(text); !text.empty() && kEnds.find(text.front()) == text.npos;
         skip_blanks(text)) {
        if (text.front() == '#') {
            text.remove_prefix(std::min(text.find('\n'), text.size()));
            continue;
        }
        const bool counts = text.starts_with(kAssignment);
        const bool is_program_name = !is_assignment(text);
        if (counts)
            text.remove_prefix(kAssignment.size());
        const std::size_t at = whole.size() - text.size();
        Word word = take_word(text);
        if (counts)
            assigned = {std::move(word), at};
        else if (is_program_name && word.text == "export")
            is_export = true;
        else
            is_program |= is_program_name;
    }
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    return is_export || !is_program ? assigned : std::nullopt;
}

// "3:17", of a byte of the text.
std::string place_in(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    return fmt::format("{}:{}", 1 + std::count(before.begin(), before.end(), '\n'),
                       at - (before.rfind('\n') + 1) + 1);
}

}  // namespace

std::string find_external_script(std::string_view text) {
    std::string path;
    (void)take(text, "\xef\xbb\xbf");
    for (std::string_view rest = text; !rest.empty();)
        if (std::optional<Assigned> assigned = take_command(rest, text)) {
            if (assigned->value.expands)
                throw Error(ExitCode::BadValue,
                            fmt::format("{}:{}: EXTERNAL_SCRIPT: nothing is expanded here; write "
                                        "the path without '$' and '`'",
                                        kVznetConf, place_in(text, assigned->at)));
            path = std::move(assigned->value.text);
        }
    return path;
}

std::string read_external_script(const std::string& root) {
    const std::string path = find_below(root, kVznetConf);
    try {
        return find_external_script(read_config_text(AT_FDCWD, path.c_str(), root + kVznetConf));
    } catch (const SysError& error) {
        if (error.errnum() != ENOENT)
            throw;
        return {};
    }
}

}  // namespace vps

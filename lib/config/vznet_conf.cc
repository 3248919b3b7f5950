#include "config/vznet_conf.hh"

#include <fcntl.h>

#include <algorithm>

#include "config/config_text.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::string_view kBlanks = " \t\r";

void skip_blanks(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Takes a quoted piece off `text`, which starts behind the quote. Within single quotes every
// character stands for itself; within double quotes a backslash takes the meaning from a character
// that sh would expand.
void take_quoted(std::string& word, std::string_view& text, char quote) {
    while (!text.empty()) {
        char c = text.front();
        text.remove_prefix(1);
        if (c == quote)
            return;
        const bool escapes = quote == '"' && c == '\\' && !text.empty() &&
                             std::string_view("$`\"\\").find(text.front()) != text.npos;
        if (escapes) {
            c = text.front();
            text.remove_prefix(1);
        }
        word += c;
    }
}

// The word of sh that `text` starts with.
std::string take_word(std::string_view& text) {
    std::string word;
    while (!text.empty() && std::string_view(" \t\r\n;&|<>()").find(text.front()) == text.npos) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '\'' || c == '"') {
            take_quoted(word, text, c);
        } else if (c == '\\' && !text.empty()) {
            word += text.front();
            text.remove_prefix(1);
        } else {
            word += c;
        }
    }
    return word;
}

}  // namespace

std::string find_external_script(std::string_view text) {
    constexpr std::string_view kAssignment = "EXTERNAL_SCRIPT=", kExport = "export ";
    std::string path;
    while (!text.empty()) {
        skip_blanks(text);
        if (text.starts_with(kExport)) {
            text.remove_prefix(kExport.size());
            skip_blanks(text);
        }
        if (text.starts_with('#'))
            text.remove_prefix(std::min(text.find('\n'), text.size()));
        const bool counts = text.starts_with(kAssignment);
        if (counts)
            text.remove_prefix(kAssignment.size());
        if (std::string word = take_word(text); counts)
            path = std::move(word);
        const auto next = text.find_first_of("\n;");
        text.remove_prefix(next == text.npos ? text.size() : next + 1);
    }
    return path;
}

std::string read_external_script(const std::string& root) {
    const std::string path = root + kVznetConf;
    try {
        return find_external_script(read_config_text(AT_FDCWD, path.c_str(), path));
    } catch (const SysError& error) {
        if (error.errnum() != ENOENT)
            throw;
        return {};
    }
}

}  // namespace vps

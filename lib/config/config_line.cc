#include "config/config_line.hh"

#include <algorithm>

namespace vps {

static constexpr std::string_view kBlanks = " \t\v\f\r";
static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

static bool is_name_char(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_shell_name(std::string_view text) {
    return !text.empty() && (text[0] < '0' || text[0] > '9') &&
           std::all_of(text.begin(), text.end(), is_name_char);
}

static std::string_view trim_end(std::string_view text) {
    const auto last = text.find_last_not_of(kBlanks);
    return text.substr(0, last == text.npos ? 0 : last + 1);
}

// The place of the first quote without a backslash before it; npos if there is none.
static std::size_t find_closing_quote(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            return i;
    }
    return text.npos;
}

ConfigLines::ConfigLines(std::string_view text)
    : text_(text),
      position_(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0),
      has_nul_(text.find('\0') != text.npos),
      has_carriage_return_(text.find('\r') != text.npos),
      has_backslash_(text.find('\\') != text.npos),
      byte_order_mark_(position_ != 0) {}

std::string_view ConfigLines::take_line() {
    const auto end = std::min(text_.find('\n', position_), text_.size());
    auto line = text_.substr(position_, end - position_);
    position_ = end + 1;
    ++number_;
    if (line.ends_with('\r')) {
        carriage_returns_ = true;
        line.remove_suffix(1);
    }
    return line;
}

bool ConfigLines::next(ConfigLine& line) {
    while (position_ < text_.size()) {
        const auto whole = take_line();
        // Nearly all lines begin without a blank.
        const bool begins_at_once = !whole.empty() && whole.front() > ' ';
        const auto start = begins_at_once ? 0 : whole.find_first_not_of(kBlanks);
        if (start == whole.npos)
            continue;
        const auto column = static_cast<unsigned>(start + 1);
        line = {{}, {}, number_, column, column, nullptr, {}};
        // A file of an old Mac is one line, and all of it a comment where it begins with one.
        if (has_carriage_return_ && trim_end(whole).find('\r') != whole.npos) {
            line.trouble = "a carriage return within this line, where a line end may be meant";
            return true;
        }
        if (whole[start] == '#')
            continue;

        const auto equals = whole.find('=', start);
        if (equals == whole.npos || equals == start) {
            line.trouble = equals == start ? "no key before '='" : "no '=' in this line";
            return true;
        }
        line.key = whole.substr(start, equals - start);
        line.raw = whole.substr(equals + 1);
        line.value_column = static_cast<unsigned>(equals + 2);
        if (has_nul_ && whole.find('\0') != whole.npos)
            line.trouble = "NUL byte in this line";
        else
            read_value(line, line.raw);
        return true;
    }
    return false;
}

void ConfigLines::read_value(ConfigLine& line, std::string_view rest) {
    if (!rest.starts_with('"')) {
        line.value = unescape(trim_end(rest));
        return;
    }
    ++line.value_column;
    rest.remove_prefix(1);
    // The last quote ends the value, as with vzctl, whatever stands before or behind it.
    if (const auto quote = rest.rfind('"'); quote != rest.npos)
        line.value = unescape(rest.substr(0, quote));
    else if (!continue_value(line, rest))
        line.trouble = "no closing '\"'";
}

// Reads on to the line that closes the value. Takes nothing and returns false where no line does,
// or where the next quote opens the value of another assignment: one forgotten quote then costs no
// other line.
bool ConfigLines::continue_value(ConfigLine& line, std::string_view first) {
    const auto position = position_;
    const auto number = number_;
    std::string joined(first);
    while (position_ < text_.size()) {
        const auto more = take_line();
        const auto quote = find_closing_quote(more);
        joined += '\n';
        joined += more.substr(0, std::min(quote, more.size()));
        if (quote == more.npos)
            continue;
        const auto before = more.substr(0, quote);
        if (before.ends_with('=') && is_shell_name(before.substr(0, before.size() - 1)))
            break;
        if (has_nul_ && joined.find('\0') != joined.npos)
            break;
        const auto start = static_cast<std::size_t>(line.raw.data() - text_.data());
        line.raw = text_.substr(
            start, static_cast<std::size_t>(more.data() - text_.data()) + more.size() - start);
        line.value = unescape(joined);
        if (line.value.data() == joined.data())
            line.value = scratch_ = joined;
        return true;
    }
    position_ = position;
    number_ = number;
    return false;
}

// A lone backslash at the end stands for nothing.
std::string_view ConfigLines::unescape(std::string_view raw) {
    if (!has_backslash_ || raw.find('\\') == raw.npos)
        return raw;
    std::string plain;
    plain.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '\\' && ++i == raw.size())
            break;
        plain += raw[i];
    }
    return scratch_ = std::move(plain);
}

bool starts_with_veid(std::string_view text) {
    return text.starts_with("${VEID}") ||
           (text.starts_with("$VEID") && (text.size() == 5 || !is_name_char(text[5])));
}

static const char* find_quoted_difference(std::string_view raw) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
        switch (raw[i]) {
            case '$':
                if (!starts_with_veid(raw.substr(i)))
                    return "sh expands '$'";
                break;
            case '`':
                return "sh runs what '`' quotes";
            case '"': {
                // Nothing may follow the closing quote but a comment, which needs a blank before
                // it.
                const auto rest = raw.substr(i + 1);
                const auto next = rest.find_first_not_of(kBlanks);
                const bool comment = next != 0 && next != rest.npos && rest[next] == '#';
                if (next == rest.npos || (comment && rest.find('"') == rest.npos))
                    return nullptr;
                return "sh does not end the value at the last '\"'";
            }
            case '\\':
                if (++i == raw.size() ||
                    std::string_view("$`\"\\").find(raw[i]) == std::string_view::npos)
                    return "sh keeps a '\\' here";
        }
    }
    return "sh misses the closing '\"'";
}

static const char* find_unquoted_difference(std::string_view raw) {
    raw = trim_end(raw);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '$' && !starts_with_veid(raw.substr(i)))
            return "sh expands '$'";
        if (kBlanks.find(raw[i]) != raw.npos && raw[raw.find_first_not_of(kBlanks, i)] == '#')
            return "sh ends the value before '#'";
        if (std::string_view(" \t\v\f\r\n'\"\\`;&|<>()#~").find(raw[i]) != std::string_view::npos)
            return "sh needs quotes around this value";
    }
    return nullptr;
}

const char* find_shell_difference(const ConfigLine& line) {
    if (!is_shell_name(line.key))
        return "sh does not take this for an assignment";
    return line.raw.starts_with('"') ? find_quoted_difference(line.raw.substr(1))
                                     : find_unquoted_difference(line.raw);
}

}  // namespace vps

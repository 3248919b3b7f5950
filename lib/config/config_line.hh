// The text of a configuration file as its lines mean it to vzctl 4: one assignment after the other,
// without a copy unless a backslash or a carriage return has to go. Pure; used by lib/config_draft.
//
// vzctl's grammar: blanks around a line do not count, "#" at its start makes a comment, KEY=value
// takes the rest of the line, KEY="value" all up to the line's last quote, "\x" is "x". On top of
// it a quoted value that is not closed on its line goes on over the next ones, as in sh. A byte
// order mark, which editors on other systems put before the first line, is no part of it.
#pragma once

#include <string>
#include <string_view>

namespace vps {

struct ConfigLine {
    std::string_view key;    // what stands before "="; empty if the line cannot be read at all
    std::string_view value;  // valid until the next call of ConfigLines::next
    unsigned line;           // all three count from 1, columns in bytes
    unsigned key_column;
    unsigned value_column;
    const char* trouble;  // why the line cannot be read; null for a good one
    std::string_view
        raw;  // as written, from behind "=" to the end of the line that closes the value
};

class ConfigLines {
  public:
    // `text` must outlive this object.
    explicit ConfigLines(std::string_view text);

    // Fills in the next line that is neither blank nor a comment; false at the end of the text.
    bool next(ConfigLine& line);

    // Whether lines seen so far ended in CR LF; the CR is no part of any value.
    [[nodiscard]] bool carriage_returns() const { return carriage_returns_; }

    [[nodiscard]] bool byte_order_mark() const { return byte_order_mark_; }
    [[nodiscard]] bool has_nul() const { return has_nul_; }

  private:
    std::string_view take_line();
    void read_value(ConfigLine& line, std::string_view rest);
    bool continue_value(ConfigLine& line, std::string_view first);
    std::string_view unescape(std::string_view raw);

    std::string_view text_;
    std::size_t position_ = 0;
    unsigned number_ = 0;
    bool has_nul_, has_carriage_return_, has_backslash_, byte_order_mark_;
    bool carriage_returns_ = false;
    std::string scratch_;  // the value, where it is not a part of the text as it stands
};

// Whether sh takes this for the name of a variable.
bool is_shell_name(std::string_view text);

// Whether the "$" that `text` starts with is that of $VEID or ${VEID}, which is set where scripts
// run.
bool starts_with_veid(std::string_view text);

// The reason why sh, when it sources the file, gets another value from the line than next() gave,
// such as "sh expands '$'"; null where both agree.
const char* find_shell_difference(const ConfigLine& line);

}  // namespace vps

// libFuzzer target: any bytes as the configuration in an archive of vzdump. sh, which sources what
// becomes of it, has nothing to expand or to run there, and no strange key; this project reads the
// same values as before; and what is plain stays as it is.

#include <algorithm>
#include <utility>
#include <vector>

#include "config/config_line.hh"
#include "manage/dump_config.hh"
#include "require.hh"

using namespace vps;

using Values = std::vector<std::pair<std::string, std::string>>;

static const std::set<std::string> kStrange{"PATH", "PS4"};

static Values values_of(std::string_view text, const std::vector<unsigned>& without) {
    Values values;
    ConfigLines lines(text);
    for (ConfigLine line{}; lines.next(line);)
        if (!std::count(without.begin(), without.end(), line.line))
            values.emplace_back(line.key, line.value);
    return values;
}

// Behind the quote that opens a value: takes all to the one that closes it. False where sh would
// expand something, or find no such quote.
static bool take_value(std::string_view& text) {
    while (!text.empty()) {
        const char c = text.front();
        if (c == '`' || (c == '$' && !starts_with_veid(text)) || c == '\0')
            return false;
        const std::size_t length = c == '\\' ? 2 : 1;
        if (text.size() < length)
            return false;
        text.remove_prefix(length);
        if (c == '"')
            return true;
    }
    return false;
}

// Empty lines, comments, and NAME="…" with nothing behind it.
static bool is_plain(std::string_view text) {
    while (!text.empty()) {
        if (text.front() == '#' || text.front() == '\n') {
            text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
            continue;
        }
        const std::size_t equals = text.find("=\"");
        if (equals == text.npos || !is_shell_name(text.substr(0, equals)) ||
            kStrange.contains(std::string(text.substr(0, equals))))
            return false;
        text.remove_prefix(equals + 2);
        if (!take_value(text) || !text.starts_with('\n'))
            return false;
        text.remove_prefix(1);
    }
    return true;
}

// In a comment each of these makes a line that cannot be read, which becomes a comment once more.
static bool is_odd(std::string_view text) {
    return text.find_first_of(std::string_view("\0\r", 2)) != text.npos;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    const PlainConfig plain = make_plain_config(text, kStrange);
    require(is_plain(plain.text), "not plain", plain.text);
    require(values_of(plain.text, {}) == values_of(text, plain.put_out) || is_odd(plain.text),
            "other values", plain.text);
    const PlainConfig again = make_plain_config(plain.text, kStrange);
    require(is_odd(plain.text) || (again.text == plain.text && again.put_out.empty()),
            "not plain at once", plain.text);
    const std::string netif = with_veth_names(text, "101");
    require(with_veth_names(netif, "101") == netif, "other devices", netif);
    return 0;
}

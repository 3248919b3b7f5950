#include "check/plain_text.hh"

#include <fmt/format.h>

#include <algorithm>

namespace vps {

namespace {

constexpr char32_t kInvalid = 0xffffffff;

// Takes the first character of a text that is not empty, or one byte that starts none (RFC 3629).
struct Character {
    char32_t code;
    std::string_view bytes;
};

Character take_character(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    char32_t code = length < 2 ? first : first & (0xffU >> (length + 1));
    bool good = length > 0 && length <= text.size();
    for (std::size_t i = 1; good && i < length; ++i) {
        good = (byte(i) & 0xc0) == 0x80;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    good = good && !too_long && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    const std::size_t used = good ? length : 1;
    const Character taken{good ? code : kInvalid, text.substr(0, used)};
    text.remove_prefix(used);
    return taken;
}

bool is_control(char32_t code) {
    // and what reverses the direction of the text that follows it
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029 ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string to_printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const auto [code, bytes] = take_character(text);
        shown += code == kInvalid || is_control(code) ? "?" : bytes;
    }
    return shown;
}

std::string to_json(std::string_view text) {
    std::string json = "\"";
    while (!text.empty()) {
        const auto [code, bytes] = take_character(text);
        if (code == kInvalid)
            json += "\\ufffd";
        else if (code == '"' || code == '\\')
            (json += '\\') += bytes;
        else if (code <= 0xffff && is_control(code))
            json += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
        else
            json += bytes;
    }
    return json + '"';
}

std::size_t count_columns(std::string_view printable) {
    return static_cast<std::size_t>(std::count_if(printable.begin(), printable.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

}  // namespace vps

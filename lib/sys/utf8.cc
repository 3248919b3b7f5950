#include "sys/utf8.hh"

namespace vps {

namespace {

// The length in bytes of a character that starts with this byte; 0: none does.
std::size_t length_of(unsigned first) {
    return first < 0x80                    ? 1
           : first >= 0xc2 && first < 0xe0 ? 2
           : first >= 0xe0 && first < 0xf0 ? 3
           : first >= 0xf0 && first < 0xf5 ? 4
                                           : 0;
}

bool is_scalar_value(char32_t code, std::size_t length) {
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    return !overlong && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

}  // namespace

Character take_character(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    const std::size_t length = length_of(first);
    char32_t code = length < 2 ? first : first & (0xffU >> (length + 1));
    bool good = length > 0 && length <= text.size();
    for (std::size_t i = 1; good && i < length; ++i) {
        good = (byte(i) & 0xc0) == 0x80;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    good = good && is_scalar_value(code, length);
    const std::string_view bytes = text.substr(0, good ? length : 1);
    text.remove_prefix(bytes.size());
    return {good ? std::optional(code) : std::nullopt, bytes};
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

std::string printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const auto [code, bytes] = take_character(text);
        shown += !code || (is_control(*code) && *code != '\t') ? "?" : bytes;
    }
    return shown;
}

}  // namespace vps

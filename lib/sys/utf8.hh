// UTF-8 in text from outside, which may hold any bytes (RFC 3629; The Unicode Standard, table 3-7).
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vps {

struct Character {
    std::optional<char32_t> code;  // none: one byte that starts no character
    std::string_view bytes;
};

// Takes the first character off a text that is not empty. Overlong forms, surrogates, cut
// characters and what lies beyond U+10FFFF are none.
Character take_character(std::string_view& text);

// Whether a character acts on a terminal or on the text around it instead of being shown: control
// characters (U+0000 to U+001F, U+007F to U+009F), the marks that change the direction of writing
// (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), and U+2028 and U+2029, which end
// lines.
bool is_control(char32_t code);

// `text` with '?' for each control character but the tab, and for each byte of no character.
std::string printable(std::string_view text);

}  // namespace vps

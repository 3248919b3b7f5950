// The demands of a fuzz target on a result, on top of the sanitizers'.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

inline void require(bool condition, const char* what, const std::string& culprit) {
    if (condition)
        return;
    std::cerr << what << ": " << culprit << "\n";
    std::abort();
}

// The text has no control characters of ASCII.
inline bool is_one_line(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return false;
    return true;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// The piece before the next line "--", or all; takes it and that line from `text`.
inline std::string_view take_part(std::string_view& text) {
    const std::size_t at = text.find("\n--\n");
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 4);
    return part;
}

#include "check/plain_text.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sys/utf8.hh"

namespace vps {

std::string to_printable(std::string_view text) {
    std::string shown = printable(text);
    std::replace(shown.begin(), shown.end(), '\t', '?');  // which takes more than one column
    return shown;
}

std::string to_json(std::string_view text) {
    std::string json = "\"";
    while (!text.empty()) {
        const auto [code, bytes] = take_character(text);
        if (!code)
            json += "\\ufffd";
        else if (*code == '"' || *code == '\\')
            (json += '\\') += bytes;
        else if (is_control(*code))  // all of them are of four digits
            json += fmt::format("\\u{:04x}", static_cast<unsigned>(*code));
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

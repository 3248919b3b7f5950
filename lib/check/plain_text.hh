// Text from files that may hold any bytes, made fit to be shown. Pure.
#pragma once

#include <string>
#include <string_view>

namespace vps {

// The text for a table on a terminal: printable() (utf8.hh), and "?" for tabs, too.
std::string to_printable(std::string_view text);

// A JSON string with its quotes (RFC 8259). Bytes that are not UTF-8 become U+FFFD.
std::string to_json(std::string_view text);

// The columns of a terminal that the text takes, if each character takes one.
std::size_t count_columns(std::string_view printable);

}  // namespace vps

// Changes to the text of a configuration file: whatever is not changed keeps its bytes, comments,
// unknown lines, blanks, order and ends of lines among it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vps {

struct ConfigChange {
    std::string key, value;
};

// The text with these keys set: KEY="value" takes the place of the first assignment to the key, and
// further ones go; a new key comes to the end. A value that is set already stays as it is written.
std::string edit_config(std::string_view text, const std::vector<ConfigChange>& changes);

// The value in quotes, as this project and sh read it alike; "$VEID" and "${VEID}" stay what they
// are.
std::string quote_for_config(std::string_view value);

// The values of a key, in their order.
std::vector<std::string> values_of(std::string_view text, std::string_view key);

// The first of them; empty where there is none.
std::string first_value_of(std::string_view text, std::string_view key);

}  // namespace vps

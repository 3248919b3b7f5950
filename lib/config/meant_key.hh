// Keys that are misspelled: a line of a configuration that nothing would read is told with the key
// that it means. Pure.
#pragma once

#include <string_view>

#include "config/config_key.hh"

namespace vps {

// The key that is meant by `name`, which is no key: its case is wrong, or there is "export" before
// it, or a blank or a no-break space around it, or one letter differs from a key that guards the
// VPS. Null where no key is like it.
const ConfigKey* find_meant_key(std::string_view name);

}  // namespace vps

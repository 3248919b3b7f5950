// The one table of configuration keys: what a value looks like, what a second one does, what it
// becomes. The readers of files, the checker and the manual's list all come from it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "config/config_value.hh"

namespace vps {

// Of two assignments to a key in one file; between vz.conf and N.conf the latter wins.
enum class Duplicate {
    First,       // the second is ignored, with a warning
    Last,        // the second replaces the first
    Accumulate,  // both count: a list
};

// Whether the VPS may start when the value is unusable.
enum class Guards { No, Yes };

enum class Scope {
    Both,
    Host,  // says something in vz.conf only
    Vps,   // says something in N.conf only
};

struct ConfigKey {
    std::string_view name;
    std::string_view type;  // what a value looks like, in a word or two
    Duplicate duplicate;
    Guards guards;
    Scope scope;
    std::string_view becomes;
    // Takes the value into the model; null where the text is kept as it is, in VpsConfig::others.
    Verdict (*read)(VpsConfig& config, std::string_view text);
};

// By subject, as in the manual.
std::span<const ConfigKey> config_keys();

// The key of that name, case counts; null if it is unknown.
const ConfigKey* find_config_key(std::string_view name);

}  // namespace vps

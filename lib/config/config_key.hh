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

// What else has to be so for anything to follow from a key's value, be it good or bad.
enum class Needs {
    Nothing,
    DiskQuota,        // DISK_QUOTA=yes
    DiskLimit,        // DISK_QUOTA=yes, and DISKSPACE or DISKINODES
    LegacyUbcLimits,  // LEGACY_UBC_LIMITS=yes
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
    Needs needs = Needs::Nothing;
};

// By subject, as in the manual.
std::span<const ConfigKey> config_keys();

// The key of that name, case counts; null if it is unknown.
const ConfigKey* find_config_key(std::string_view name);

// The key that somebody meant who wrote `name`, which is none: the case, "export" before it, or
// what is around it (a blank, a no-break space) is wrong, or one letter of a key that guards the
// VPS. Null where nothing is like it.
const ConfigKey* find_meant_key(std::string_view name);

// Whether nothing follows from the key's value in this configuration.
bool is_idle(const ConfigKey& key, const VpsConfig& config);

}  // namespace vps

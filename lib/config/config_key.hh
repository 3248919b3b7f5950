// The one table of configuration keys: what a value looks like, what a second one does, what it
// becomes. The readers of files, the checker and the manual's list all come from it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "config/config_list.hh"
#include "config/config_value.hh"

namespace vps {

// Of two assignments to a key in one file; between vz.conf and N.conf the latter wins.
enum class Duplicate {
    First,       // the second is ignored, with a warning
    Last,        // the second replaces the first
    Accumulate,  // both count: a list
    Merge,       // both count, each word for what it names; of two on one thing the later
};

// Whether the VPS may start when the value is unusable.
enum class Guards { No, Yes };

enum class Scope {
    Both,
    Host,  // says something in vz.conf only
    Vps,   // says something in N.conf only
};

// Where what follows from a key is seen.
enum class Effect {
    None,           // nowhere: a stock kernel has no equivalent
    ToolsOnly,      // nowhere: it means something to OpenVZ's own tools only
    UnitSettings,   // in settings of the VPS's units, which the generator makes
    StartSettings,  // in settings of units that a start makes: they need the host's devices
    Boot,           // in whether vps.target starts the VPS
    Quota,          // in the project quota of the private area
    Start,          // in what a start or stop does, or whether it is refused
    Inside,         // in the VPS
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
    Effect effect;
    std::string_view settings[4];  // of units, that it becomes; "" from the first unused one on
    std::string_view becomes;      // the same in words, for people
    // Takes the value into the model; null where nothing follows from it.
    Verdict (*read)(VpsConfig& config, std::string_view text, Reading& reading);
    Needs needs = Needs::Nothing;
    std::string_view usual = {};  // a value that changes nothing, because it is so anyhow

    [[nodiscard]] bool has_setting(std::string_view setting) const;
};

// By subject, as in the manual.
std::span<const ConfigKey> config_keys();

// The key of that name, case counts; null if it is unknown.
const ConfigKey* find_config_key(std::string_view name);

// The key that somebody meant who wrote `name`, which is none: the case, "export" before it, or
// what is around it (a blank, a no-break space) is wrong, or one letter of a key that guards the
// VPS. Null where nothing is like it.
const ConfigKey* find_meant_key(std::string_view name);

// Why nothing follows from the key's value in this configuration; null where something does.
const char* find_idle_reason(const ConfigKey& key, const VpsConfig& config);

// Whether the key's two assignments in one file make one value of both.
bool adds_up(const ConfigKey& key);

}  // namespace vps

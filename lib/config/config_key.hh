// The one table of configuration keys: the form of a value, the meaning of a second value, the
// effect. The readers of files, the checker and the manual's list all come from it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "config/config_list.hh"
#include "config/config_value.hh"

namespace vps {

// The meaning of two assignments to a key in one file; between vz.conf and N.conf the latter wins.
enum class Duplicate {
    First,       // the second is ignored, with a warning
    Last,        // the second replaces the first
    Accumulate,  // both count: a list
    Merge,       // both count; of two words on one thing the later
};

// Whether the VPS may start when the value is unusable.
enum class Guards { No, Yes };

enum class Scope {
    Both,
    Host,  // counts in vz.conf only
    Vps,   // counts in N.conf only
};

// The place where the effect of a key is seen.
enum class Effect {
    None,           // nowhere: a stock kernel has no equivalent
    ToolsOnly,      // nowhere: it means something to OpenVZ's own tools only
    UnitSettings,   // in settings of the VPS's units, which the generator makes
    StartSettings,  // in settings of units that a start makes: they need the host's devices
    Boot,           // in whether vps.target starts the VPS
    Quota,          // in the project quota of the private area
    Start,          // in the steps of a start or stop, or in its refusal
    Inside,         // in the VPS
};

// The further condition for a key's value, good or bad, to have an effect.
enum class Needs {
    Nothing,
    DiskQuota,        // DISK_QUOTA=yes
    DiskLimit,        // DISK_QUOTA=yes, and DISKSPACE or DISKINODES
    LegacyUbcLimits,  // LEGACY_UBC_LIMITS=yes
    OwnIds,           // USERNS=yes
    NoCpuUnits,       // CPUUNITS is not set
};

struct ConfigKey {
    std::string_view name;
    std::string_view type;  // the form of a value, in a word or two
    Duplicate duplicate;
    Guards guards;
    Scope scope;
    Effect effect;
    // the settings of units that it becomes; "" from the first unused one on
    std::string_view settings[4];
    std::string_view becomes;  // the same in words, for people
    // Takes the value into the model; null where the key has no effect.
    Verdict (*read)(VpsConfig& config, std::string_view text, Reading& reading);
    Needs needs = Needs::Nothing;
    std::string_view usual = {};  // a value that changes nothing, because it is the usual one

    [[nodiscard]] bool has_setting(std::string_view setting) const;
};

// The keys by subject, as in the manual.
std::span<const ConfigKey> config_keys();

// The key of that name, case counts; null if it is unknown.
const ConfigKey* find_config_key(std::string_view name);

// The reason why the key's value has no effect in this configuration; null where it has one.
const char* find_idle_reason(const ConfigKey& key, const VpsConfig& config);

// Whether the key's two assignments in one file make one value of both.
bool adds_up(const ConfigKey& key);

}  // namespace vps

// Capabilities by their names, as CAPABILITY= has them: plain data. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vps {

using CapabilitySet = std::uint64_t;  // bit N: capability N of linux/capability.h

// All capabilities but those over things that a VPS shares with its host.
extern const CapabilitySet kVpsCapabilities;

// The capabilities that CAPABILITY= takes away and gives back; of two words on one capability the
// later counts.
struct CapabilityChanges {
    CapabilitySet taken = 0, given = 0;
    bool operator==(const CapabilityChanges&) const = default;
};

// Takes in a word "SYS_PTRACE:off": a name of capabilities(7) with or without CAP_, in any case.
// Returns the reason why the word changes nothing, to complete "'…': "; null where it changes
// something.
const char* change_capability(CapabilityChanges& changes, std::string_view word);

}  // namespace vps

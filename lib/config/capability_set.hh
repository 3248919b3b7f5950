// Capabilities by their names, as CAPABILITY= has them: plain data. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vps {

using CapabilitySet = std::uint64_t;  // bit N: capability N of linux/capability.h

// All but those over what a VPS shares with its host.
extern const CapabilitySet kVpsCapabilities;

// What CAPABILITY= takes away and gives back; of two words on one capability the later counts.
struct CapabilityChanges {
    CapabilitySet taken = 0, given = 0;
    bool operator==(const CapabilityChanges&) const = default;
};

// Takes in "SYS_PTRACE:off": a name of capabilities(7) with or without CAP_, in any case. Returns
// why it changes nothing, to complete "'…': "; null where it does.
const char* change_capability(CapabilityChanges& changes, std::string_view word);

}  // namespace vps

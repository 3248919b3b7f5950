#include "config/capability_set.hh"

#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>

namespace vps {

namespace {

// CAP_SYS_BOOT stays: in a pid namespace reboot(2) ends its init, not the host. Services of a VPS's
// systemd look at some of these to know that they have nothing to do (ConditionCapability=).
constexpr std::array kHostOnly{
    CAP_SYS_MODULE, CAP_SYS_RAWIO,     CAP_SYS_TIME,     CAP_SYS_PACCT,          CAP_SYSLOG,
    CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN,          CAP_AUDIT_CONTROL,
    CAP_AUDIT_READ, CAP_PERFMON,       CAP_BPF,          CAP_CHECKPOINT_RESTORE,
};

// The names by number.
constexpr std::array<std::string_view, CAP_CHECKPOINT_RESTORE + 1> kNames{
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

constexpr CapabilitySet bit(std::size_t capability) {
    return CapabilitySet{1} << capability;
}

consteval CapabilitySet default_set() {
    CapabilitySet set = ~CapabilitySet{0};
    for (const int capability : kHostOnly)
        set &= ~bit(static_cast<std::size_t>(capability));
    return set;
}

std::optional<std::size_t> find_capability(std::string_view text) {
    std::string name(text);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name.starts_with("CAP_"))
        name.erase(0, 4);
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - kNames.begin());
}

}  // namespace

constinit const CapabilitySet kVpsCapabilities = default_set();

const char* change_capability(CapabilityChanges& changes, std::string_view word) {
    const std::size_t colon = std::min(word.find(':'), word.size());
    const std::optional<std::size_t> capability = find_capability(word.substr(0, colon));
    const std::string_view state = word.substr(colon);
    if (!capability || (state != ":on" && state != ":off"))
        return "not like SYS_PTRACE:off, with a name of capabilities(7)";
    const bool on = state == ":on";
    if (on && (kVpsCapabilities & bit(*capability)) == 0)
        return "would be power over the host, which no VPS gets";
    (on ? changes.given : changes.taken) |= bit(*capability);
    (on ? changes.taken : changes.given) &= ~bit(*capability);
    return nullptr;
}

}  // namespace vps

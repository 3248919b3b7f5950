#include "context/capabilities.hh"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// CAP_SYS_BOOT stays: in a pid namespace reboot(2) ends its init, not the host. Services of a VPS's
// systemd look at some of these to know that they have nothing to do (ConditionCapability=).
constexpr std::array kHostOnly{
    CAP_SYS_MODULE, CAP_SYS_RAWIO,     CAP_SYS_TIME,     CAP_SYS_PACCT,          CAP_SYSLOG,
    CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN,          CAP_AUDIT_CONTROL,
    CAP_AUDIT_READ, CAP_PERFMON,       CAP_BPF,          CAP_CHECKPOINT_RESTORE,
};

// By number.
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

constexpr CapabilitySet default_set() {
    CapabilitySet set = ~CapabilitySet{0};
    for (const int capability : kHostOnly)
        set &= ~bit(static_cast<std::size_t>(capability));
    return set;
}

std::optional<std::size_t> find_capability(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name.starts_with("CAP_"))
        name.erase(0, 4);
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - kNames.begin());
}

// Why the word changes nothing; empty if it was obeyed.
std::string obey(const std::string& word, CapabilitySet& set) {
    const std::size_t colon = std::min(word.find(':'), word.size());
    const std::optional<std::size_t> capability = find_capability(word.substr(0, colon));
    const std::string_view state = std::string_view(word).substr(colon);
    if (!capability || (state != ":on" && state != ":off"))
        return "is not like SYS_PTRACE:off, with a name of capabilities(7)";
    if (state == ":off")
        set &= ~bit(*capability);
    else if ((default_set() & bit(*capability)) != 0)
        set |= bit(*capability);
    else
        return "would be power over the host, which no VPS gets";
    return {};
}

}  // namespace

CapabilitySet find_capabilities(const VpsConfig& config, std::vector<std::string>& problems) {
    CapabilitySet set = default_set();
    // Elsewhere its user namespace keeps it from writing past a quota.
    if (!config.userns && config.disk_quota && (config.diskspace || config.diskinodes))
        set &= ~bit(CAP_SYS_RESOURCE);
    for (const Setting& setting : config.others)
        for (std::size_t at = 0; setting.key == "CAPABILITY" && at < setting.value.size();) {
            const std::size_t end = std::min(setting.value.find(' ', at), setting.value.size());
            const std::string word = setting.value.substr(at, end - at);
            at = end + 1;
            if (const std::string why = word.empty() ? "" : obey(word, set); !why.empty())
                problems.push_back("CAPABILITY: '" + word + "' " + why);
        }
    return set;
}

CapabilitySet bounding_set_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/status";
    const std::string status = sys::read_file(path);
    constexpr std::string_view kKey = "\nCapBnd:";
    const std::size_t at = status.find(kKey);
    if (at == std::string::npos)
        throw SysError(ENOENT, "find the capability bounding set in", path);
    return std::strtoull(&status[at + kKey.size()], nullptr, 16);
}

int keep_capabilities(CapabilitySet kept) noexcept {
    for (unsigned capability = 0; capability < 64; ++capability)
        if ((kept & bit(capability)) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return errno == EINVAL ? 0 : errno;  // EINVAL: the kernel knows no more
    return 0;
}

void give_up_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        throw SysError(errno, "give up", "capabilities");
}

}  // namespace vps

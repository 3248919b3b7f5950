#include "context/capabilities.hh"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

static constexpr CapabilitySet bit(unsigned capability) {
    return CapabilitySet{1} << capability;
}

CapabilitySet find_capabilities(const VpsConfig& config) {
    CapabilitySet set = kVpsCapabilities;
    // Root that lacks this capability cannot write past a quota; elsewhere the user namespace sees
    // to that.
    if (!config.userns && config.disk_quota && (config.diskspace || config.diskinodes))
        set &= ~bit(CAP_SYS_RESOURCE);
    return (set & ~config.capability.taken) | config.capability.given;
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

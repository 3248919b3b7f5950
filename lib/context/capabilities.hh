// The capabilities that root of a VPS has: all but those over what a VPS shares with its host, and
// those that CAPABILITY= of its configuration takes away.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hh"

namespace vps {

using CapabilitySet = std::uint64_t;  // bit N: capability N of linux/capability.h

// What CAPABILITY= leaves ("SYS_PTRACE:off NET_ADMIN:on", the names of capabilities(7) without
// CAP_, in any case; what comes later counts). A word that makes no sense, or would give more than
// every VPS has, changes nothing and is told in `problems`.
CapabilitySet find_capabilities(const VpsConfig& config, std::vector<std::string>& problems);

// The bounding set of a process, from /proc. Throws SysError: ENOENT when there is none.
CapabilitySet bounding_set_of(pid_t pid);

// Takes all others out of the calling process's bounding set, so that they are gone with the next
// exec (capabilities(7)). Returns 0 or an errno. Safe between clone and exec.
int keep_capabilities(CapabilitySet kept) noexcept;

// Gives up all capabilities of the calling process for good. Throws SysError.
void give_up_capabilities();

}  // namespace vps

// The capabilities that root of a VPS has: all but the ones over things that a VPS shares with its
// host, and the ones that CAPABILITY= of its configuration takes away.
#pragma once

#include <sys/types.h>

#include "config/capability_set.hh"
#include "config/config.hh"

namespace vps {

// The set that CAPABILITY= leaves of what a VPS has.
CapabilitySet find_capabilities(const VpsConfig& config);

// The bounding set of a process, from /proc. Throws SysError: ENOENT when there is none.
CapabilitySet bounding_set_of(pid_t pid);

// Takes all other capabilities out of the calling process's bounding set, so that they are gone
// with the next exec (capabilities(7)). Returns 0 or an errno. Safe between clone and exec.
int keep_capabilities(CapabilitySet kept) noexcept;

// Gives up all capabilities of the calling process for good. Throws SysError.
void give_up_capabilities();

}  // namespace vps

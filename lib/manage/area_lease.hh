// The lease of a private area (lease.hh) for an operation that replaces or removes the area.
#pragma once

#include <string>

#include "manage/call.hh"
#include "state/lease.hh"

namespace vps {

// Warns where the area needs a lease and there is none. Throws Error Running, which names the host
// that has it, and SysError where the area is not there.
inline Lease take_lease_to_change(Veid veid, const std::string& area, const Talk& talk) {
    Lease lease = take_lease(veid, area);
    if (!lease.trouble.empty())
        talk.warn("Warning: " + lease.trouble);
    return lease;
}

}  // namespace vps

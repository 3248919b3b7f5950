// The limits of a VPS's slice and scope as PID 1 has them.
#pragma once

#include <cstdint>
#include <vector>

#include "config/veid.hh"
#include "limits/slice_limits.hh"

namespace vps {

// Makes the limits of vps-N.slice those, and no others, until systemd reads its units again: what
// the configuration says then counts again. Nothing is sent where nothing differs. What an admin's
// drop-in or slice sets is left alone. Returns the limits that are ours. Throws Error System.
std::vector<SliceLimit> update_slice_limits(Veid veid, const std::vector<SliceLimit>& wanted);

// Has vps.slice guarantee as much memory as its VPSes together, this one with `guaranteed` bytes:
// the kernel keeps no guarantee that the cgroup above does not have. Where it has as much, because
// the generator or an admin said so, nothing is sent. Throws Error System.
void cover_guarantee(Veid veid, std::uint64_t guaranteed);

// Sets just these, over what there is.
void set_slice_limits(Veid veid, const std::vector<SliceLimit>& limits);

// The same for CPUQuota= of vps-N.scope, which exists; 0: none. Throws Error System.
void update_scope_quota(Veid veid, std::uint64_t percent);

}  // namespace vps

// The limits of a VPS's slice and scope as PID 1 has them.
#pragma once

#include <cstdint>
#include <vector>

#include "config/veid.hh"
#include "limits/slice_limits.hh"
#include "systemd/places.hh"

namespace vps {

// Makes these the limits of vps-N.slice, and no others, until systemd reads its units again: the
// configuration of that time counts then. Sends nothing where nothing differs. Leaves settings of
// an administrator's drop-in or slice alone. Returns the limits that are the project's. Throws
// Error System.
std::vector<SliceLimit> update_slice_limits(Veid veid, const std::vector<SliceLimit>& wanted,
                                            const SystemdPlaces& places = {});

// Has vps.slice guarantee as much memory as its VPSes together, this one with `guaranteed` bytes:
// the kernel keeps no guarantee that the cgroup above does not have. Sends nothing where vps.slice
// has as much, because the generator or an administrator said so. Throws Error System.
void cover_guarantee(Veid veid, std::uint64_t guaranteed, const SystemdPlaces& places = {});

// Sets these limits and leaves the others as they are.
void set_slice_limits(Veid veid, const std::vector<SliceLimit>& limits,
                      const SystemdPlaces& places = {});

// Makes this the CPUQuota= of vps-N.scope, which exists; 0: none. Throws Error System.
void update_scope_quota(Veid veid, std::uint64_t percent, const SystemdPlaces& places = {});

}  // namespace vps

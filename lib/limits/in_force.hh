// The limits of a cgroup as the kernel has them. A start reads them in no time, while PID 1 reads
// some hundred files to answer for a unit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "limits/slice_limits.hh"

namespace vps {

// Whether the slice's cgroup in this directory has these limits, of all in kLimitSettings, and no
// others. A limit whose controller the host does not have, which nobody can bring into force, is
// left out. False, too, where the files do not show it: for a device's limits, or where the
// controller is not in use yet. Throws SysError.
bool are_in_force(const std::string& cgroup, const std::vector<SliceLimit>& limits);

// Whether the cgroup shows another value for this setting than that of these limits, or one where
// they have none. False where its files do not show it.
bool is_out_of_force(const std::string& cgroup, const LimitSetting& setting,
                     const std::vector<SliceLimit>& limits);

// Whether the cgroup has this CPUQuota=, in percent; 0: none.
bool is_quota_in_force(const std::string& cgroup, std::uint64_t percent);

// memory.low in bytes, UINT64_MAX for all memory; 0 where the cgroup has no such file or is gone.
std::uint64_t memory_low_of(const std::string& cgroup);

}  // namespace vps

// The limits of a cgroup as the kernel has them: to read them takes a start no time, while PID 1
// reads some hundred files to answer what it has of a unit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "limits/slice_limits.hh"

namespace vps {

// Whether the cgroup in this directory has those limits, of all in kLimitSettings, and no others.
// False, too, where that is not to be seen there: a device's limits, a controller that it lacks.
// Throws SysError.
bool are_in_force(const std::string& cgroup, const std::vector<SliceLimit>& limits);

// The same for CPUQuota= alone, in percent; 0: none.
bool is_quota_in_force(const std::string& cgroup, std::uint64_t percent);

// memory.low in bytes, UINT64_MAX for all memory; 0 where the cgroup has no such file or is gone.
std::uint64_t memory_low_of(const std::string& cgroup);

}  // namespace vps

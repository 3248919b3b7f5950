// Limits that each process of a VPS has, given to its init and inherited from init, and the one
// limit of its ipc namespace. Run by the supervisor and vps-reload, as root of the host; root in a
// user namespace of its own cannot raise these limits.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <cstdint>

#include "config/config.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// NUMFILE, NUMSIGINFO, LOCKEDPAGES: soft is the barrier, hard the limit.
inline constexpr std::array kInitResources{RLIMIT_NOFILE, RLIMIT_SIGPENDING, RLIMIT_MEMLOCK};
using InitLimits = std::array<rlimit, kInitResources.size()>;

// The limits that the configuration asks for; `ours` where it asks for none or says "unlimited". No
// NOFILE is above `nr_open`, the most that the kernel takes (fs.nr_open).
InitLimits plan_init_limits(const VpsConfig& config, const InitLimits& ours, std::uint64_t nr_open);

// The limits of whoever enters a VPS whose init has `limits`: with room for the files that
// entering, a shell and its scripts open, however few NUMFILE leaves to the VPS.
InitLimits limits_of_visitor(InitLimits limits);

// The limits of a process; 0 is the caller. Throws SysError.
InitLimits read_init_limits(pid_t pid);

// Gives the limits to a process. Returns 0 or an errno. Safe between clone and exec.
int set_init_limits(pid_t pid, const InitLimits& limits) noexcept;

// Gives the configuration's limits to the VPS's init, which `init` holds. Processes that run
// already keep their limits. Where kernel.shmall cannot be set because /proc/sys is read-only, as
// in a host that is a container itself, that is told. Throws SysError.
void apply_init_limits(FdRef init, pid_t pid, const VpsConfig& config, const Log& log);

// The terminals that devpts is to have at most (max=): NUMPTY, and the console. 0: no limit.
std::uint64_t most_terminals(const VpsConfig& config);

}  // namespace vps

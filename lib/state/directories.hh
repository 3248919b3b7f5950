// The directories that one VPS at a time can use, VE_ROOT and the private area: each is claimed
// (claim.hh) by what it is, not by its name, so that links and bind mounts hide nothing. Callers
// are root and have the VPS's lock.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/veid.hh"
#include "state/state.hh"

namespace vps {

// Claim `state.mount_point`, on which nothing is mounted yet, and `state.ve_private`, which must be
// there; leave the claims in `state` and call `write`, which writes it, before another VPS can
// look. Throw Error Mounted, which names the VPS that has it, Error BadValue where a root or area
// of another VPS holds it, and SysError; nothing is claimed then.
using WriteState = std::function<void()>;
void claim_root(Veid veid, VpsState& state, const WriteState& write,
                const std::string& run_dir = kRunDir);
void claim_area(Veid veid, VpsState& state, const WriteState& write,
                const std::string& run_dir = kRunDir);

// Takes the claims that the VPS has on disk into a state that has lost them; where the private area
// has none, claims it anew. Throws as they do.
void claim_again(Veid veid, VpsState& state, const WriteState& write,
                 const std::string& run_dir = kRunDir);

// Gives up both. Throws SysError.
void release_directories(Veid veid, const VpsState& state, const std::string& run_dir = kRunDir);

// The VPS that has its root there, if there is one. It reads the states of all VPSes: callers ask
// when a start has failed anyway.
std::optional<Veid> find_mounted_on(const std::string& mount_point,
                                    const std::string& run_dir = kRunDir);

}  // namespace vps

// The network of a VPS on the host: what is made for it before its init runs, and undone when it
// has ended. What is to be undone is in the state first (state.hh: links, addresses,
// neighbour_devices). Callers are root in the host context, with the VPS's lock.
#pragma once

#include "fd.hh"
#include "log.hh"
#include "network_spec.hh"
#include "state.hh"
#include "veid.hh"

namespace vps {

// Takes the addresses for this VPS and records what will be made. Throws Error IpInUse, which names
// the other holder: a VPS, or the host.
void claim_network(Veid veid, const NetworkSpec& spec, const VpsLock& lock, VpsState& state);

// Makes what was claimed, up to the answers to the neighbours. Of the VPS, only
// its network namespace exists yet. Throws Error CannotAddIp, IpInUse, System.
void make_network(Veid veid, const NetworkSpec& spec, const VpsState& state, pid_t init,
                  const Log& log);

// Removes all that `state` names, as far as it is there, and the names from it. What cannot be
// removed is logged.
void undo_network(Veid veid, VpsState& state, const Log& log);

}  // namespace vps

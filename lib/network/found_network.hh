// The network of a VPS that runs and whose record is lost (somebody has emptied /run): found again
// from what the kernel has of it. Callers are root in the host context and have the VPS's lock.
#pragma once

#include <sys/types.h>

#include "config/veid.hh"
#include "network/network_spec.hh"
#include "systemd/log.hh"

namespace vps {

// Writes the record again where there is none, of the links whose other ends are in the network
// namespace of `init`, the addresses that are routed to them and the devices that answer for these;
// `spec`, the configuration of now, says what the links are. Says so. Devices of NETDEV are not
// among it: the kernel gives those that are hardware back when the VPS ends. Throws Error.
void find_network_again(const NetworkSpec& spec, pid_t init, Veid veid, const Log& log);

}  // namespace vps

// Brings a VPS that runs to what its configuration says, as far as that can change while it runs:
// vps-reload and vzctl set. Callers are root in the host context and have the VPS's lock.
#pragma once

#include "config/config.hh"
#include "context/running_vps.hh"
#include "systemd/log.hh"

namespace vps {

// The parts of a configuration that can change while the VPS runs.
struct LiveParts {
    bool limits = true;       // of the slice, the disk, init and the cgroups below the scope
    bool addresses = true;    // IP_ADDRESS
    bool interfaces = true;   // NETIF: devices that come or go; one that is there stays as it is
    bool devices = true;      // DEVICES, DEVNODES, FEATURES
    bool net_devices = true;  // NETDEV
    bool names = true;        // HOSTNAME, NAMESERVER, SEARCHDOMAIN
    // The network on the host, of which nothing may be missing then, and EXTERNAL_SCRIPT; else what
    // is missing is made again, or told.
    bool whole_network = true;
};

// Applies the parts. Its disk is the one that is mounted, whatever VE_PRIVATE says by now. A name
// that the VPS does not take is told as a warning. Throws Error for the rest.
void apply_config(Veid veid, const FoundVps& vps, VpsConfig config, const LiveParts& parts,
                  const Log& log);

}  // namespace vps

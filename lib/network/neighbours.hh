// The neighbours of the host: on which of its devices the addresses of a VPS are answered for, and
// that. Callers are root in the host context.
#pragma once

#include <string>
#include <vector>

#include "network/host_ways.hh"
#include "network/network_spec.hh"

namespace vps {

// The names of the devices, each once; of a list, those that exist. Throws Error IpInUse when an
// address is the host's own.
std::vector<std::string> find_neighbour_devices(const NeighbourDevices& choice,
                                                const std::vector<IpAddress>& addresses,
                                                HostWays& ways);

// Answers ARP and neighbour solicitations for the address on the device (ip-neighbour(8), proxy);
// for IPv6 also sets its proxy_ndp, which lets the kernel answer for such addresses and for no
// other. Throws SysError CannotAddIp, and Ipv6Off (forwarding.hh).
void answer_for(const IpAddress& address, const std::string& device);

// Whether it is so, but for proxy_ndp. Throws SysError.
bool answers_for(const IpAddress& address, const std::string& device);
std::string proxy_ndp_of(const std::string& device);  // the name of the setting (sysctl.hh)

// Undoes it; one that is not there is no error, nor a device that has gone. Throws SysError.
void stop_answering_for(const IpAddress& address, const std::string& device);

}  // namespace vps

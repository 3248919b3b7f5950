// venet0, the routed device of a VPS: a veth pair without a link layer to speak of. Both ends have
// one hardware address and IFF_NOARP, which makes the kernel send everything to that address:
// nobody asks or answers for an address on it, there is no broadcast domain, and a default route
// needs no gateway. The host routes each address to its end. Callers are root in the host context;
// everything goes away with the link.
#pragma once

#include <string>
#include <vector>

#include "network/network_spec.hh"
#include "sys/fd.hh"

namespace vps {

// Makes the pair, both ends down: `link` here, venet0 in the VPS. Throws SysError CannotAddIp.
void make_venet(const std::string& link, FdRef network_namespace);

// Sets venet0 up with the addresses and the default routes. Throws SysError CannotAddIp.
void configure_venet(FdRef network_namespace, const std::vector<IpAddress>& addresses);

// Sets the host's end up and routes the addresses to it. Throws SysError CannotAddIp, and Error
// IpInUse where the host has a route to exactly one of them.
void route_to_venet(const std::string& link, const std::vector<IpAddress>& addresses);

}  // namespace vps

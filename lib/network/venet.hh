// venet0, the routed device of a VPS: a veth pair without a link layer to speak of. Both ends have
// one hardware address and IFF_NOARP, which makes the kernel send everything to that address:
// nobody asks or answers for an address on it, there is no broadcast domain, and a default route
// needs no gateway. The host routes each address to its end. Callers are root in the host context;
// everything goes away with the link.
#pragma once

#include <string>
#include <vector>

#include "network/netlink.hh"
#include "network/network_spec.hh"
#include "sys/fd.hh"

namespace vps {

// Both ends of every VPS have this locally administered address, which never leaves the pair.
inline constexpr MacAddress kVenetAddress{{0x02, 0x00, 0x00, 'v', 'e', 't'}};

// Makes the pair, both ends down: `link` here, venet0 in the VPS. Throws SysError CannotAddIp.
void make_venet(const std::string& link, FdRef network_namespace);

// Sets venet0 up with the addresses and the default routes. Throws SysError CannotAddIp.
void configure_venet(FdRef network_namespace, const std::vector<IpAddress>& addresses);

// The same for venet0 that is up already: takes addresses away, and adds others; what the VPS
// itself has taken away or added meanwhile is no error. Throws SysError CannotAddIp.
void change_venet(FdRef network_namespace, const std::vector<IpAddress>& gone,
                  const std::vector<IpAddress>& added);

// Routes the address to the host's end, which is up and has that index. Throws SysError
// CannotAddIp, and Error IpInUse where the host has a route to exactly that address.
void route_to_venet(const RouteSocket& socket, const std::string& link, int index,
                    const IpAddress& address);

// Removes that route, if it is there. Throws SysError CannotAddIp.
void unroute_from_venet(const RouteSocket& socket, int index, const IpAddress& address);

// Makes that route again; returns whether it was missing. Another one to exactly that address is
// left. Throws SysError CannotAddIp.
bool renew_route(const RouteSocket& socket, const std::string& link, int index,
                 const IpAddress& address);

// Whether the host sends to that link what is for the address. Throws SysError.
bool is_routed_to(const RouteSocket& socket, const IpAddress& address, int index);

// The protocol that these routes have (ip-route(8)), and no others.
inline constexpr unsigned char kRouteProtocol = 118;

}  // namespace vps

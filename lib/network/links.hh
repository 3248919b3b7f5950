// Links of the host and of a VPS: what venet0, the devices of NETIF and those of NETDEV have in
// common. Callers are root in the host context (rtnetlink(7)).
#pragma once

#include <net/if.h>

#include <optional>
#include <string>
#include <vector>

#include "network/netlink.hh"
#include "network/network_spec.hh"
#include "sys/exit_code.hh"

namespace vps {

// An ifinfomsg with these flags to be set, of the link with that index, or of none.
ifinfomsg link_header(unsigned set_flags = 0, int index = 0);

// One end of a veth pair.
struct LinkEnd {
    std::string name;
    MacAddress mac;
};

// Throws SysError with `code` when the reply is an error: "<verb> '<object>': …".
void require(const NetlinkReply& reply, const std::string& verb, const std::string& object,
             ExitCode code);

// The group of the host's ends (ip-link(8)), by which udev's rules know them ("vps" as a number).
inline constexpr std::uint32_t kLinkGroup = 7762035;

// A veth pair, both ends down: `outside` here, `inside` in the VPS's network namespace.
NetlinkReply make_veth_pair(const LinkEnd& outside, const LinkEnd& inside, FdRef network_namespace);

// The state of a link; nothing if there is none of that name. Throws SysError.
struct LinkState {
    int index = 0;
    unsigned flags = 0;   // IFF_UP …
    unsigned master = 0;  // the index of the bridge, bond … that it is a port of; 0: none
    std::string mac{};    // its bytes
};
std::optional<LinkState> find_link(const RouteSocket& socket, const std::string& name);

// Gives the link with that index the name; one that is up is set down first where the kernel wants
// it.
NetlinkReply rename_link(const RouteSocket& socket, int index, const std::string& name);

// Makes it a port of that bridge. Throws SysError VethFailed.
void join_bridge(const RouteSocket& socket, const std::string& name, const std::string& bridge);

NetlinkReply set_link_flags(const RouteSocket& socket, const std::string& name, unsigned flags);

NetlinkReply set_hardware_address(const RouteSocket& socket, const std::string& name,
                                  const MacAddress& mac);

// Has it make no IPv6 address for itself. To be called before the link is up.
void make_no_link_local(const RouteSocket& socket, const std::string& name);

// The way of a packet for the address, by the routes of the socket's network namespace.
struct Way {
    unsigned char type = 0;  // RTN_UNICAST, RTN_LOCAL …; RTN_UNSPEC: no way is known
    unsigned device = 0;     // index; 0: none
};
Way find_way(const RouteSocket& socket, const IpAddress& address);

// The index of the link in the socket's network namespace. Throws SysError with `code`.
int find_link_index(const RouteSocket& socket, const std::string& name, ExitCode code);

// A link that does not exist is no error. Throws SysError.
void remove_link(const std::string& name);

}  // namespace vps

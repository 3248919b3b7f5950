// Where the host would send what is for an address of a VPS if it did not route the address to the
// VPS: the kernel's own answer as long as that route does not exist, and else the next route of the
// tables main and default. Callers are root in the host context.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "network/netlink.hh"
#include "network/network_spec.hh"

namespace vps {

// One look at the host's routes: what changes later is not seen. The routes are read when they are
// first wanted.
class HostWays {
  public:
    // The name of the device; empty if the host knows no way, or the way leads to a VPS. Throws
    // SysError, Error IpInUse when the address is the host's own, and Error BadIp when it is the
    // broadcast address of one of the host's networks.
    std::string find(const IpAddress& address);

  private:
    struct Route {
        std::array<std::uint8_t, 16> to{};
        unsigned char prefix = 0;
        unsigned char type = 0;
        unsigned char table = 0;
        unsigned metric = 0;
        unsigned device = 0;
    };
    const std::vector<Route>& routes_of(int family);
    std::string find_next(const IpAddress& address);

    RouteSocket socket_;
    std::map<int, std::vector<Route>> routes_;  // by family
};

// A host's end of ours, whatever it is called: a VPS is nobody's neighbour, nor may it say who has
// an address.
bool is_of_a_vps(const std::string& name);

}  // namespace vps

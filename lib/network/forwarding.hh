// The settings of the host's that keep the packets of VPSes from passing: read and told, never
// changed. For a start and for vps-check; needs no privilege.
#pragma once

#include <string>
#include <vector>

#include "network/network_spec.hh"

namespace vps {

// The settings that are off and without which packets from and to these addresses are not passed
// on, as "net.ipv4.ip_forward=1".
std::vector<std::string> find_missing_forwarding(const std::vector<IpAddress>& addresses);
// The consequence of the missing settings, and the one file to write.
std::string explain_missing_forwarding(const std::vector<std::string>& missing);

// The setting that switches IPv6 off on the host, as "net.ipv6.conf.all.disable_ipv6=1"; empty
// where it is on.
std::string find_ipv6_switch();

}  // namespace vps

// The settings of the host's that keep the packets of VPSes from passing: read and told, never
// changed. For a start and for vps-check; needs no privilege.
#pragma once

#include <string>
#include <vector>

#include "network/network_spec.hh"
#include "sys/error.hh"

namespace vps {

// The settings that are off and without which packets from and to these addresses are not passed
// on, as "net.ipv4.ip_forward=1".
std::vector<std::string> find_missing_forwarding(const std::vector<IpAddress>& addresses);
// The consequence of the missing settings, and the one file to write.
std::string explain_missing_forwarding(const std::vector<std::string>& missing);

// Selects, of the chains of the firewall that drop what the host passes on ("ip filter FORWARD"),
// the chains that drop packets of such addresses; and tells what to do about them.
std::vector<std::string> select_dropping_chains(const std::vector<std::string>& chains,
                                                const std::vector<IpAddress>& addresses);
std::string explain_dropping_chains(const std::vector<std::string>& chains);

// The setting that switches IPv6 off on the host, as "net.ipv6.conf.all.disable_ipv6=1"; empty
// where it is on.
std::string find_ipv6_switch();

// Why a device of the host has no IPv6, and the command that gives it some: "IPv6 is off on eth0:
// its MTU is 1000, …"; empty where it has, or is not there.
std::string explain_no_ipv6(const std::string& device);

// Throws what a request that was refused for an address on a device means: Error CannotAddIp, which
// is Ipv6Off where the device has no IPv6 for the address.
class Ipv6Off : public Error {
  public:
    explicit Ipv6Off(const std::string& text) : Error(ExitCode::CannotAddIp, text) {}
};
[[noreturn]] void refuse_address(int errnum, const std::string& verb, const IpAddress& address,
                                 const std::string& device);

}  // namespace vps

// Chains of the host's firewall that drop what the host passes on, by nf_tables, which also has the
// rules of iptables-nft (Docker's, ufw's). For vps-network, as root in the host's network
// namespace.
#pragma once

#include <string>
#include <vector>

namespace vps {

// The base chains at the hook "forward" with the policy "drop", as nft(8) names them: "ip filter
// FORWARD". Chains with a rule of their own for VPSes ("venet" as the name of a device) are left
// out; whether another rule accepts a packet is not known. Empty where the kernel has no nf_tables.
std::vector<std::string> find_dropping_chains();

}  // namespace vps

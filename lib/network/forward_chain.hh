// Chains of the host's firewall that drop what the host passes on, by nf_tables, which also has the
// rules of iptables-nft (Docker's, ufw's), and by the tables of iptables-legacy. For vps-network,
// as root in the host's network namespace.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vps {

// The base chains at the hook "forward" with the policy "drop", or whose last rule drops or rejects
// whatever comes to it (firewalld's), as nft(8) names them: "ip filter FORWARD"; of
// iptables-legacy "ip iptables-legacy FORWARD". Tables with a rule of their own for VPSes ("venet"
// as the name of a device) are left out. Not known is whether another rule accepts a packet, or
// whether a chain that one jumps to drops all. Empty where the kernel has no firewall.
std::vector<std::string> find_dropping_chains();

// Whether a rule, its expressions as nf_tables has them, drops or rejects all that comes to it.
bool drops_the_rest(std::string_view expressions);

}  // namespace vps

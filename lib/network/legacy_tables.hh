// The tables of iptables-legacy, which nf_tables does not have: read from the kernel as its own
// programs do it (getsockopt(2) of a raw socket), without them. For vps-network, as root in the
// host's network namespace.
#pragma once

#include <string>
#include <vector>

namespace vps {

// Adds to `names` "ip iptables-legacy FORWARD", and "ip6 ip6tables-legacy FORWARD", where the chain
// drops what no rule accepts, by its policy or its last rule, and has no rule for "venet". A table
// that is not in use is not looked at: to look would load its module.
void add_legacy_chains(std::vector<std::string>& names);

}  // namespace vps

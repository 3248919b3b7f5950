// Routes and addresses that the kernel has made on a host's end out of what a router advised
// (RFC 4861), by a VPS that could be heard for a moment: before the link's filter and settings were
// there, or while somebody had taken them away; and the link-local address that the kernel makes
// where a setting of all devices allows it for a moment. Callers have CAP_NET_ADMIN in the host's
// network namespace.
#pragma once

#include <string>
#include <vector>

#include "network/host_end.hh"

namespace vps {

// What there is on that link, as "venet101 has a router's route ::/0"; with Upkeep::Mend it is
// removed. Addresses and routes of the administrator's own stay. Throws SysError.
std::vector<std::string> remove_advice(const std::string& link, int index, Upkeep upkeep);

}  // namespace vps

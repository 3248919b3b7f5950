// The host's end of a VPS's link, as far as it is the same for all of them: it takes nothing from
// the VPS but packets. Callers have CAP_NET_ADMIN in the host's network namespace.
#pragma once

#include <string>
#include <vector>

#include "network/netlink.hh"
#include "network/network_record.hh"

namespace vps {

// Makes no address for itself out of what the VPS sends, router advertisements among it, nor one
// that the VPS could speak to; believes no redirect. To be called before the link is up. Throws
// SysError.
void make_host_end_deaf(const RouteSocket& socket, const RecordedLink& link);

// Sets it up. Throws SysError.
void set_up_host_end(const RouteSocket& socket, const RecordedLink& link);

// The settings of the host's end that are not so any more, as "net/ipv4/conf/veth101.0/proxy_arp is
// 0"; with Upkeep::Mend they are set again. Throws SysError.
enum class Upkeep { Look, Mend };
std::vector<std::string> keep_up_settings(const RecordedLink& link, Upkeep upkeep);

}  // namespace vps

// Addresses that a VPS's own network scripts give venet0. vzctl wrote them into the VPS's files at
// each start on the old node; here they stay as they were, and the VPS's boot sets them beside
// those of IP_ADDRESS. For vps-check; nothing of the files is trusted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "sys/fd.hh"

namespace vps {

struct GuestAddress {
    std::string file;  // in the VPS
    IpAddress address;
};

// Those of venet0 and its aliases in the files of Red Hat's kind
// (/etc/sysconfig/network-scripts/ifcfg-venet0:0) and of Debian's (/etc/network/interfaces); none
// of the loopback network, which OpenVZ gave the device itself. Throws SysError.
std::vector<GuestAddress> find_guest_addresses(FdRef root);

// What is to be told of those that IP_ADDRESS does not have: a sentence with the first of them.
// Throws SysError.
std::optional<std::string> explain_guest_addresses(FdRef root, const VpsConfig& config);

}  // namespace vps

// Kernel settings of a network device (/proc/sys/net), by name with slashes: those that are the
// host's policy are only read. Callers have CAP_NET_ADMIN in the host's network namespace.
#pragma once

#include <string>

namespace vps {

// The first line of the setting; empty where the kernel has none of that name, because IPv6 or the
// device is not there.
std::string read_sysctl(const std::string& name);

// Writes it if it is another; returns whether it was. One that does not exist is passed over.
// Throws SysError.
bool set_sysctl(const std::string& name, const std::string& value);

// "net.ipv6.conf.eth0.1.proxy_ndp" is no name that sysctl(8) takes; with slashes it is one.
std::string spell_sysctl(std::string name);

}  // namespace vps

// The servers and domains that the resolver of a VPS asks: NAMESERVER and SEARCHDOMAIN of
// vps.conf(5), as resolv.conf(5) has them, and which program makes that file in a VPS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"

namespace vps {

struct Resolver {
    std::vector<std::string> servers;  // IP addresses
    std::vector<std::string> domains;  // to be searched

    bool operator==(const Resolver&) const = default;
};

// The lines of a resolv.conf of the host that are of use in a VPS, too: servers that are no IP
// address, or of the loopback or one link only, and the domain "." are left out. Of several search
// lines the last counts.
Resolver read_resolv_conf(std::string_view text);

// The resolver that the configuration asks for. "inherit" is replaced by the lines of the host's
// /etc/resolv.conf or, where that file names a server on the loopback only, by the servers that
// systemd-resolved or NetworkManager on the host asks. Where the host has none, `problems` says so.
// `host` is the host's root directory.
Resolver find_resolver(const VpsConfig& config, std::vector<ConfigProblem>& problems,
                       const std::string& host = {});

// The program that makes a VPS's /etc/resolv.conf, and so the place where its servers have to be
// written.
enum class ResolvConfOwner {
    Nobody,      // no known program: the file itself
    Resolved,    // by a drop-in of resolved.conf(5)
    Resolvconf,  // Debian's resolvconf(8), by its file "base"
};

// The owner, by the target of the symbolic link /etc/resolv.conf.
ResolvConfOwner owner_of_link(std::string_view target);

}  // namespace vps

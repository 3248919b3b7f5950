// What the resolver of a VPS asks: NAMESERVER and SEARCHDOMAIN of vps.conf(5), as resolv.conf(5)
// has it, and which program makes that file in a VPS.
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

// What a resolv.conf of the host says that is of use in a VPS, too: servers that are no IP address,
// or of the loopback or one link only, and the domain "." are left out. Of several search lines the
// last counts.
Resolver read_resolv_conf(std::string_view text);

// What the configuration asks for. "inherit" is replaced by what the host has: of its
// /etc/resolv.conf, or where that names a server on the loopback only, of those servers that
// systemd-resolved or NetworkManager on the host asks. Where it has nothing, that is said in
// `problems`. `host` is the host's root directory.
Resolver find_resolver(const VpsConfig& config, std::vector<std::string>& problems,
                       const std::string& host = {});

// Who makes a VPS's /etc/resolv.conf, and so where its servers have to be written.
enum class ResolvConfOwner {
    Nobody,      // that is known: the file itself
    Resolved,    // systemd-resolved: a drop-in of resolved.conf(5)
    Resolvconf,  // Debian's resolvconf(8): its file "base"
};

// By what the symbolic link /etc/resolv.conf points to.
ResolvConfOwner owner_of_link(std::string_view target);

}  // namespace vps

// The files of a VPS that make its host name hold and its resolver work, as a plan: which file, and
// what it becomes, by what it is. Pure; the helpers look at the files and write them
// (helpers/vps_files.hh).
//
// vzctl's scripts for the distributions did this in the VPS: names, lines and the mark in
// /etc/hosts are theirs, so that a private area looks the same to both.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/veid.hh"
#include "files/resolver.hh"

namespace vps {

struct FileEdit {
    enum class Absent { Create, Ignore };
    enum class Link { Keep, Replace };
    std::string key;        // of the configuration
    std::string dir, name;  // where it is in the VPS
    // The file's text, from the one it has; nothing is there for a file that does not exist.
    std::function<std::string(const std::optional<std::string>& old)> change;
    Absent absent = Absent::Create;
    Link link = Link::Keep;  // a symbolic link in the file's place
};

// For a name that read_host_name() takes: what inits read it from, then /etc/hosts with the name's
// address. With no address, the one that stands there stays, else it is 127.0.1.1 as in Debian.
std::vector<FileEdit> plan_host_name(const std::string& name,
                                     const std::optional<std::string>& address);

// The first of IP_ADDRESS that the VPS gets, without its mask; nothing where there is none.
std::optional<std::string> find_first_address(Veid veid, const VpsConfig& config);

// Of servers and domains, what is empty is left as it is in the file.
FileEdit plan_resolver(const Resolver& resolver, ResolvConfOwner owner);

}  // namespace vps

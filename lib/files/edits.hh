// The files of a VPS that make its host name hold and its resolver work, as a plan: which file, and
// its new text for its old one. Pure; files/write looks at the files and writes them.
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
    // The new text of the file, from the text that it has; `old` is empty for a file that does not
    // exist.
    std::function<std::string(const std::optional<std::string>& old)> change;
    Absent absent = Absent::Create;
    Link link = Link::Keep;  // a symbolic link in the file's place
};

// The edits for a name that read_host_name() takes: the files from which inits read their name,
// then /etc/hosts with the name's address. Without an address the line keeps the one that it has,
// else gets 127.0.1.1 as in Debian.
std::vector<FileEdit> plan_host_name(const std::string& name,
                                     const std::optional<std::string>& address);

// The first address of IP_ADDRESS that the VPS gets, without its mask; nothing where there is none.
std::optional<std::string> find_first_address(Veid veid, const VpsConfig& config);

// The edit for the servers and domains; lines of the kind that is empty here stay as they are.
FileEdit plan_resolver(const Resolver& resolver, ResolvConfOwner owner);

}  // namespace vps

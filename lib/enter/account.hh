// The users and groups of a VPS, from its /etc/passwd and /etc/group (passwd(5), group(5)): never
// by NSS, which would be the host's. The text is the VPS's: fields are taken as they are, numbers
// are checked, and a line with too few fields is passed over.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hh"

namespace vps {

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::string home, shell;  // absolute paths, or empty
};

// The first line of that name in the text of a passwd file.
std::optional<Account> find_account(std::string_view passwd, std::string_view name);

// The account's group and the groups that name it as a member in the text of a group file, each
// once.
std::vector<gid_t> groups_of(const Account& account, std::string_view group);

// The text of a regular file below a VPS's root, looked up as in the VPS; empty if there is no
// regular file. A child reads it, and has five seconds for that: what is mounted there may not
// answer. Throws Error System, also past 4 MiB.
std::string read_in_root(FdRef root, const std::string& path);

}  // namespace vps

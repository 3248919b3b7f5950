// Users and groups of a VPS whose ids its user namespace does not have (USERNS_IDS): their files
// are nobody's, and nobody can become them. Reads the VPS's files without executing anything of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/fd.hh"

namespace vps {

// The first account of /etc/passwd and /etc/group below `root` that has an id of `count` or more,
// and the USERNS_IDS= that has it, as a warning. Nothing where there is none, or no such file can
// be read.
std::optional<std::string> explain_accounts_beyond(FdRef root, std::uint32_t count);

// The first such account in the text of /etc/passwd (`what` is "user") or /etc/group ("group").
// Pure.
std::optional<std::string> find_account_beyond(std::string_view text, std::uint32_t count,
                                               std::string_view what);

// The smallest USERNS_IDS= that has this id; nothing if none has.
std::optional<std::uint32_t> ids_that_have(std::uint32_t id);

}  // namespace vps

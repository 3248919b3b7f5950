// The environment of action scripts: what every script sees, and what those of the host context
// inherit from the program that runs them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"

namespace vps {

// HOME, TERM and PATH (vzctl's values), and VEID: what a script of either context sees at least.
std::vector<std::string> basic_environment(Veid veid);

// A variable that systemd sets for the process that it has started, and for nobody that this
// process starts.
struct ProtocolVariable {
    std::string_view name;  // with "*" at its end, all that begin so
    std::string_view why;
};
extern const std::vector<ProtocolVariable> kProtocolVariables;

// `ours`, and those of `inherited` (as environ(7) has them) that have none of its names and are no
// protocol of systemd's: what the administrator sets with Environment= or EnvironmentFile= for the
// service, or has in the shell that calls us.
std::vector<std::string> host_environment(std::vector<std::string> ours,
                                          const char* const* inherited);

}  // namespace vps

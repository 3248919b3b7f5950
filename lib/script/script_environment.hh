// The environment of action scripts: the variables of every script, and the ones that scripts of
// the host context inherit from the program that runs them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"

namespace vps {

// HOME, TERM and PATH (vzctl's values), and VEID, which a script of either context sees at least.
std::vector<std::string> basic_environment(Veid veid);

// A variable that systemd sets for the process that it has started, and for nobody that this
// process starts.
struct ProtocolVariable {
    std::string_view name;
    std::string_view why;
};
extern const std::vector<ProtocolVariable> kProtocolVariables;

// `ours`, and the variables of `inherited` (as environ(7) has them) that have none of its names and
// are no protocol of systemd's: the administrator sets them with Environment= or EnvironmentFile=
// for the service, or has them in the calling shell.
std::vector<std::string> host_environment(std::vector<std::string> ours,
                                          const char* const* inherited);

}  // namespace vps

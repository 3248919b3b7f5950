// Settings that others make for vps@.service, mostly for all services at once, and that helpers
// cannot work with or that a VPS inherits. vps-mount looks for them as a part of the service, where
// it has what the other helpers will have.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vps {

// Why no VPS can be started here: this process has a user, mount or network namespace that is not
// PID 1's. A mount of one helper would not be there for the next, the network would not be the
// host's. The words of a refusal, which name the unit and the settings; nothing where all is well,
// or where that cannot be told. `proc` is proc(5).
std::optional<std::string> explain_own_namespaces(const std::string& unit,
                                                  const std::string& proc = "/proc");

// What this process may do less than PID 1, a sentence each: the init of a VPS descends from such
// a process, so that the VPS may not, either.
std::vector<std::string> explain_lost_rights(const std::string& unit,
                                             const std::string& proc = "/proc");

}  // namespace vps

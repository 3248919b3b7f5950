// Namespaces that settings of a unit give its processes, which the helpers of a VPS must not have:
// a mount of one helper would not be there for the next, and the network would not be the host's.
#pragma once

#include <optional>
#include <string>

namespace vps {

// Why this process is not where PID 1 is: the words of a refusal, which name the unit and the
// settings; nothing where it is, or where that cannot be told. `proc` is proc(5).
std::optional<std::string> explain_own_namespaces(const std::string& unit,
                                                  const std::string& proc = "/proc");

}  // namespace vps

// The bounds of a VPS's root: a mount that is meant for a place below a root must not land on the
// host, where a symbolic link of the VPS's may lead. Callers are root in the host context.
#pragma once

#include <string>
#include <vector>

namespace vps {

// Throws Error CannotMount if `name`, or one of `words` that leads to the same place, is below the
// root of a mounted VPS (or of the script that calls us, VE_ROOT) by its letters, and `place`, its
// path without symbolic links, is not. `words` are those of the caller's command line.
void refuse_to_leave_roots(const std::string& name, const std::string& place,
                           const std::vector<std::string>& words);

}  // namespace vps

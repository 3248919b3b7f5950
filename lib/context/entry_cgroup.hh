// The cgroup that whoever enters a VPS is born in. The caller is root in the host context.
#pragma once

#include <sys/types.h>

#include <string>

#include "sys/process.hh"

namespace vps {

// Clones the process that is to enter (process.hh): in init's cgroup, where it belongs. The VPS may
// have made that one too deep to be named, threaded, or full: then in the scope's own, whose
// directory is `scope_dir`; and where that one hands out controllers, in one made below it, past
// the VPS's limit of cgroups if need be. Throws SysError: ENOENT or ESRCH when init has ended.
Child clone_into_vps(pid_t init, const std::string& scope_dir);

}  // namespace vps

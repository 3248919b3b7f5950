// The birth of a VPS: its first process, and the namespaces with it. Runs in the supervisor as root
// in the host context.
#pragma once

#include <optional>

#include "state/id_range.hh"
#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// Clones the process (process.hh) that becomes the VPS's init, in `cgroup` and in new namespaces. A
// user namespace is made with the VPS's own root as its owner: the kernel charges what is used in a
// namespace (namespaces(7), /proc/sys/user, pending signals, message queues) to the owner, too, so
// that no VPS uses up what the host's root or another VPS may have. The child has that effective
// user id, and the host's root as the id that files are opened with. Throws SysError.
Child clone_first_process(const std::optional<UserIds>& ids, FdRef cgroup);

}  // namespace vps

// Has a whole directory tree count for one project. For vps-mount: root on the host, while nothing
// in the tree runs. The tree is a customer's, and nothing in it is trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "quota/project_quota.hh"

namespace vps {

// Marks all directories and regular files at and below `top`, on the file system of `top` only and
// not in mounts there; symbolic links, devices and sockets cannot be marked and take no room. `top`
// itself comes last, so that its inherited_project() says that the whole tree is marked. `tick`
// gets the number of files so far, every few milliseconds; it may throw to end the marking. A
// second call goes on with files that are not marked. Throws SysError.
std::uint64_t mark_tree(const std::string& top, ProjectId project,
                        const std::function<void(std::uint64_t)>& tick);

}  // namespace vps

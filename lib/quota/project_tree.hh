// Has a whole directory tree count for one project. For vps-mount: root on the host, while nothing
// in the tree runs. The tree is a customer's, and nothing in it is trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "quota/project_quota.hh"

namespace vps {

// Marks all directories and regular files at and below `top`, which stays on its file system and
// leaves out what is mounted in it; symbolic links, devices and sockets cannot be marked and take
// no room. `top` itself is the last: inherited_project() of it tells that all of it was done.
// `tick` gets the number of files so far, every few milliseconds; it may throw to end it. Done
// again, it goes on with what is not marked. Throws SysError.
std::uint64_t mark_tree(const std::string& top, ProjectId project,
                        const std::function<void(std::uint64_t)>& tick);

}  // namespace vps

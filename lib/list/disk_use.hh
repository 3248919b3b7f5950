// What a VPS has on its disk, and may have. Callers are root.
#pragma once

#include <string>

#include "list/listed_vps.hh"

namespace vps {

// The figures are of the quota that the kernel keeps; without one, of the configuration. `root` is
// before the paths of the configuration.
void read_disk(ListedVps& vps, const std::string& root);

}  // namespace vps

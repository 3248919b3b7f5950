// Units that the administrator has masked (systemctl(1), "mask").
#pragma once

#include <string>

namespace vps {

// True where systemd finds a link to /dev/null in place of the unit, and so knows nothing of it.
bool is_masked(const std::string& unit);

}  // namespace vps

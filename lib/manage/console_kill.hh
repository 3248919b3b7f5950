// Ends what runs on the console of a VPS, so that init makes a fresh login there: what the kernel's
// secure attention key does to a terminal. Callers are root in the host context.
#pragma once

#include <cstddef>

#include "config/veid.hh"

namespace vps {

// Kills the processes of the VPS that have its console open, but for init. Returns how many; 0 for
// a VPS that does not run. Throws SysError.
std::size_t kill_on_console(Veid veid);

}  // namespace vps

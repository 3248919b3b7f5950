// What the host remembers of a VPS beside its files, for verbs after which there is no such VPS.
#pragma once

#include "config/veid.hh"

namespace vps {

// Removes the names of a VPS, the mark that it ran, its counts, and the failure of its unit, which
// systemctl --failed would show for good. The caller has the VPS's lock.
void forget_vps(Veid veid);

}  // namespace vps

// vps-stop --force while N.stop takes its time in a stop that systemd has ordered: that stop, which
// has the VPS's lock, is told to let go of the script and to go on. For root in the host context.
#pragma once

#include "config/veid.hh"

namespace vps {

// Tells the vps-stop that systemd runs for the VPS; false where it runs none. Throws Error System.
bool hurry_stop(Veid veid);

// True in the vps-stop that was told so, once.
bool is_hurried(Veid veid) noexcept;

}  // namespace vps

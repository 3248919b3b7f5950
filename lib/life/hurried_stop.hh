// vps-stop --force while N.stop takes its time in a stop that systemd has ordered: that stop, which
// has the VPS's lock, is told to let go of the script and to go on. Callers are root in the host
// context.
#pragma once

#include "config/veid.hh"

namespace vps {

// Tells the vps-stop that systemd runs for the VPS, which finds the wish (wish.hh), and waits until
// the VPS has ended. False, at once, where systemd runs none that N.stop holds up. Throws Error.
bool hurry_stop(Veid veid);

}  // namespace vps

// The registration of a running VPS with systemd-machined, by a program of its own (vps-machine).
#pragma once

#include "config/veid.hh"
#include "systemd/log.hh"

namespace vps {

// Starts that program, a child to be reaped, where there is a machined to be found. Nobody waits
// for it, however long machined takes, and whatever comes of it: the program tells what has failed.
void register_machine(Veid veid, const Log& log);

}  // namespace vps

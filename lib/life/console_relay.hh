// The console of a running VPS on its way out: to the journal, and to those who are attached to it.
// The supervisor calls these functions.
#pragma once

#include <vector>

#include "config/veid.hh"
#include "life/console_server.hh"
#include "life/supervisor.hh"
#include "sys/fd.hh"
#include "sys/line_relay.hh"
#include "systemd/log.hh"

namespace vps {

// The socket of those who attach. Where it cannot be made, which is told, the VPS runs all the
// same, nobody can attach to its console, and the descriptor is empty.
Fd open_console(Veid veid, const Log& log);

// Carries what the VPS prints at `console`, the master of its terminal, to the journal and to
// `server`, which outlives the relay.
LineRelay relay_console(Fd console, Veid veid, const Log& log, ConsoleServer& server);

// Has the server served while the VPS is watched. It outlives the watch.
void add_console(ConsoleServer& server, std::vector<Watched>& watched);

}  // namespace vps

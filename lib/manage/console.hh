// vzctl console: the caller's terminal takes the part of one at the VPS's console, by the socket of
// its supervisor. Waits for a start, stays over a reboot and over a change of the supervisor. For
// root in the host context.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode console_verb(const Call& call);

}  // namespace vps

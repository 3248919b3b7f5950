// Slots for connections to the message bus: dbus-daemon gives a user 256, and a thousand VPSes that
// start at once would leave the other programs of root none. Callers are root in the host context.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Each use has slots of its own, so that a machined that hangs keeps no start waiting.
enum class BusUse { Manager, Machine };

inline constexpr unsigned kSlotsOfUse = 16;

// A slot of that use, held until the descriptor is closed, by whatever end of the process. `file`
// is the one that has the locks, made where it is missing. Throws SysError, EAGAIN where all slots
// are taken.
Fd take_bus_slot(BusUse use, const std::string& file);

}  // namespace vps

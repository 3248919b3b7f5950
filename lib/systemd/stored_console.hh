// The console of a VPS that systemd keeps meanwhile: the master of its terminal lies in the file
// descriptor store of vps@N.service (FileDescriptorStoreMax=), so that a VPS whose supervisor has
// gone is no mute one when another adopts it. For the supervisor alone; elsewhere nothing happens.
#pragma once

#include <optional>
#include <string>

#include "sys/fd.hh"

namespace vps {

// The console that systemd has kept; to be called at any start, so that none stays open.
std::optional<Fd> take_stored_console();

// Tells systemd something, and has it keep the console. Returns what sd_notify(3) does.
int notify_with_console(const std::string& message, const Fd& console);

// Has systemd close what it keeps: the VPS has ended.
void forget_console();

}  // namespace vps

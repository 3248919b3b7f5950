// The console of a VPS, kept by systemd between two supervisors: the master of its terminal, and
// the socket at which those who attach to it are let in, lie in the file descriptor store of
// vps@N.service (FileDescriptorStoreMax=), so that a supervisor which adopts the VPS still hears
// it. For the supervisor alone; in other programs nothing happens.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Either may be empty: not kept, or not made.
struct StoredConsole {
    Fd terminal{}, listener{};
};

// The console that systemd has kept; to be called at every start, so that no descriptor of the
// store stays open.
StoredConsole take_stored_console();

// Sends `message` to systemd, and has it keep the console. Returns what sd_notify(3) does.
int notify_with_console(const std::string& message, FdRef terminal, FdRef listener);

// Has systemd close the console that it keeps: the VPS has ended.
void forget_console();

}  // namespace vps

// What systemd keeps of a VPS between two supervisors, in the file descriptor store of
// vps@N.service (FileDescriptorStoreMax=): its console, which is the master of its terminal, so
// that a supervisor which adopts the VPS still hears it; and the lease of its private area
// (state/lease.hh), so that no other host gets it. No more than that: systemd 257 closes each of
// them in a process that it forks for it, at each daemon-reload. For the supervisor alone; in other
// programs nothing happens.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Each may be empty: not kept, or not made.
struct StoredDescriptors {
    Fd console{}, lease{};
};

// What systemd has kept; to be called at every start, so that no descriptor of the store stays
// open.
StoredDescriptors take_stored_descriptors();

// Sends `message` to systemd, and has it keep the console. Returns what notify() does.
int notify_with_console(const std::string& message, FdRef console);

// Has systemd close the console that it keeps: the VPS has ended.
void forget_console();

// Have systemd keep a lease, and close it: the VPS is dismounted. An empty one is none.
void store_lease(FdRef lease);
void forget_lease();

}  // namespace vps

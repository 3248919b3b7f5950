// Which VPSes run, on disk: /var/lib/vps/running/N is there from N's start until it is stopped,
// halts or crashes, and stays when the host goes down under it, in order or not. At the next boot
// vps-onboot@N.service looks for it, where ONBOOT is unset.
#pragma once

#include <string>

#include "config/veid.hh"

namespace vps {

inline constexpr const char* kRunningDir = "/var/lib/vps/running";

// Makes the mark, which a power cut may yet undo, and returns whether it was not there before.
// Throws SysError.
bool note_running(Veid veid, const std::string& dir = kRunningDir);

// From here on no power cut undoes what was noted. Waits for the disk. Throws SysError.
void sync_running(const std::string& dir = kRunningDir);

bool is_noted_running(Veid veid, const std::string& dir = kRunningDir);

// Removes the mark, for good when it returns. Throws SysError.
void forget_running(Veid veid, const std::string& dir = kRunningDir);

}  // namespace vps

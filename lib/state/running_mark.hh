// Which VPSes run, on disk: /var/lib/vps/running/N is there from N's start until N is stopped,
// halts or crashes, and stays when the host goes down under N, in order or not. At the next boot
// vps-onboot@N.service looks for the file, where ONBOOT is unset.
#pragma once

#include <string>

#include "config/veid.hh"

namespace vps {

inline constexpr const char* kRunningDir = "/var/lib/vps/running";

// Makes the mark, which a power cut may yet undo, and returns whether the mark is new. Throws
// SysError.
bool note_running(Veid veid, const std::string& dir = kRunningDir);

// Waits until the disk has all marks, so that no power cut undoes them. Throws SysError.
void sync_running(const std::string& dir = kRunningDir);

bool is_noted_running(Veid veid, const std::string& dir = kRunningDir);

// Removes the mark, and waits until the disk has that. Throws SysError.
void forget_running(Veid veid, const std::string& dir = kRunningDir);

}  // namespace vps

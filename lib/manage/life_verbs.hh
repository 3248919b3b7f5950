// vzctl start, stop, restart, mount, umount and status: orders to systemd, which stays the truth,
// and what came of them in vzctl's words. A start or stop waits for the unit's job, and tells why
// it failed by the lines that the unit's programs have left in the journal, with their exit code.
// Callers are root in the host context.
#pragma once

#include "config/config.hh"
#include "manage/call.hh"

namespace vps {

ExitCode start_verb(const Call& call);
ExitCode stop_verb(const Call& call);
ExitCode restart_verb(const Call& call);
ExitCode mount_verb(const Call& call);
ExitCode umount_verb(const Call& call);
ExitCode status_verb(const Call& call);

// Start or stop the VPS for a verb that needs it up, or down, for a while. They return the code of
// the failure, which is told.
ExitCode start_now(const Call& call);
ExitCode stop_now(const Call& call);

// Whether the VPS's init is there.
bool is_running(Veid veid);

// Whether there is a state of the VPS, or anything is mounted on VE_ROOT.
bool is_mounted(Veid veid, const VpsConfig& config);

// Throws Complaint for a VPS that runs or is mounted.
void require_down(Veid veid, const VpsConfig& config);

}  // namespace vps

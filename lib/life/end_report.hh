// The report of the end of a VPS's init: a line in the journal, the status of the unit, and the
// exit code of the supervisor, by which systemd knows whether to start the VPS again.
#pragma once

#include "config/veid.hh"
#include "sys/exit_code.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

// Tells how the VPS has ended, by how its init ended; counts reboots. Returns Ok where the VPS was
// stopped or has halted, Reboot where it is to be started again, System where it has crashed or
// reboots all the time. Throws SysError.
ExitCode report_end(Veid veid, const ExitStatus& status, const Log& log);

}  // namespace vps

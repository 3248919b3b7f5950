// What a supervisor tells systemd of a VPS that runs: that the unit is active, and the status that
// `systemctl status` shows.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "life/supervisor.hh"
#include "sys/exit_code.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Names the scope, of which `systemctl status` has the memory, tasks and processes of the VPS.
std::string running_status(Veid veid, pid_t init);

// READY=1 with that status (sd_notify(3)).
std::string ready_message(Veid veid, pid_t init);

// Throws SysError where sd_notify(3) has failed with `told`: the unit's next start adopts the VPS.
void require_told(int told);

// Takes the note for the next boot that the VPS runs; a VPS that cannot be noted, which is told,
// must run all the same.
void note_run(const Log& log, const std::function<void()>& note);

// Tells why the supervisor goes while the VPS runs on. Returns its exit code.
ExitCode let_run(Veid veid, const Log& log);

// The status of the unit while the VPS runs: `running`, and whether the scope is frozen, which its
// file cgroup.events tells by POLLPRI (cgroups(7)).
class RunningStatus {
  public:
    RunningStatus(Veid veid, std::string running);

    // Has changes told while the VPS is watched. The status outlives the watch.
    void add_to(std::vector<Watched>& watched);

  private:
    void tell_change();

    std::string running_;
    Fd events_;
    bool frozen_ = false;
};

}  // namespace vps

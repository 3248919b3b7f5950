// Processes that action scripts of the host leave running. The cgroup of vps@N.service has these
// processes at first, and systemd warns of each at the next step of the unit. So they are set aside
// in a scope of their own, and are known by their place from then on. For the programs of the unit,
// under the VPS's lock.
#pragma once

#include "config/veid.hh"
#include "systemd/log.hh"

namespace vps {

// Sets processes aside, at its end, that scripts have left running by then, and names them. Does
// nothing where there are none, or outside of the unit, where such processes are the caller's.
// Processes that cannot be set aside stay where they are.
class [[nodiscard]] LeftOver {
  public:
    LeftOver(Veid veid, const Log& log) : veid_(veid), log_(log) {}
    LeftOver(const LeftOver&) = delete;
    LeftOver& operator=(const LeftOver&) = delete;
    ~LeftOver();

  private:
    Veid veid_;
    const Log& log_;
};

// Kills and names processes that scripts have left running, set aside or not; false if there were
// none. Throws SysError.
bool kill_left_over(Veid veid, const Log& log);

}  // namespace vps

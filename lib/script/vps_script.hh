// Running action scripts of the VPS context. The caller is root in the host context; the script is
// under the VPS's control from its first instruction (context/enter.hh).
#pragma once

#include <functional>
#include <vector>

#include "script/action_script.hh"
#include "sys/line_relay.hh"
#include "systemd/log.hh"

namespace vps {

// The VPS could not be entered, has frozen the script, or lacks what executes it: it has not
// spoken.
class NotEntered : public ScriptError {
  public:
    // `event` completes "action script 'PATH': ".
    NotEntered(const ScriptKind& kind, const std::string& path, const std::string& event);

    // "action script 'PATH': EVENT", without what follows from it.
    [[nodiscard]] const std::string& event() const { return event_; }

  private:
    std::string event_;
};

// Runs N.start or N.stop to its end in the VPS context, its text handed over as a sealed memfd, and
// logs its output. Returns the relays of pipes that processes which the script left behind still
// hold. Throws Error ScriptFailed, which is NotEntered where the VPS holds up the entry. `thaw` as
// Patience has it.
std::vector<LineRelay> run_vps_script(const ActionScript& script, const ScriptSettings& settings,
                                      FdRef init, pid_t init_pid, const Log& log,
                                      std::function<bool()> thaw = {});

}  // namespace vps

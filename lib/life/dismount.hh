// The end of a VPS's life on the host: umount scripts, dismounting, postumount scripts, each step
// recorded before it is taken. vps-umount runs these steps; vps-mount runs them first where an
// earlier life was not ended.
#pragma once

#include "config/config.hh"
#include "script/action_script.hh"
#include "state/state.hh"
#include "systemd/log.hh"

namespace vps {

// Force: a script that refuses is only logged, and a mount that stays busy is detached (umount -l).
enum class Refusal { Respect, Force };

// The scripts that are owed to a VPS that is in `state` and does not run. A failed start is owed
// umount scripts only if the administrator wants it so; `is_failed_start` tells it for the phase
// "mounted", which a start has in common with vps-mount by hand.
Scripts scripts_owed(const VpsState& state, const VpsConfig& config, bool is_failed_start);

// Goes on from `state` to the end, where no state is left. Throws Error ScriptFailed when an umount
// script refuses: nothing is dismounted then; or when a postumount script fails: everything is
// dismounted then. Throws Error CannotDismount when something stays busy, and System, everything
// being dismounted, when a ploop image could not be written to.
void end_vps(const VpsLock& lock, VpsState state, Scripts scripts, const ScriptSettings& settings,
             const Log& log, Refusal refusal = Refusal::Respect);

// A VPS that is being mounted. Unless it is kept, end_vps() brings it to its end; a failure of that
// is logged, because the caller fails with the first one.
class [[nodiscard]] UnfinishedMount {
  public:
    UnfinishedMount(const VpsLock& lock, const VpsState& state, const ScriptSettings& settings,
                    const Log& log)
        : lock_(lock), state_(state), settings_(settings), log_(log) {}
    UnfinishedMount(const UnfinishedMount&) = delete;
    UnfinishedMount& operator=(const UnfinishedMount&) = delete;
    ~UnfinishedMount();
    // These scripts are owed from now on; none at first.
    void owe(Scripts scripts) noexcept { owed_ = scripts; }
    void keep() noexcept { kept_ = true; }

  private:
    const VpsLock& lock_;
    const VpsState& state_;
    const ScriptSettings& settings_;
    const Log& log_;
    Scripts owed_ = Scripts::None;
    bool kept_ = false;
};

}  // namespace vps

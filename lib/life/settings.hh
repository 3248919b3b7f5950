// The settings of one VPS for the steps of its life: its configuration, usable or as far as it
// goes, and the settings of its action scripts. Both are as the wish of one start or stop has them
// (wish.hh). Reads /etc/vz and /run/vps; needs no privilege but to read them.
#pragma once

#include "config/config.hh"
#include "config/veid.hh"
#include "script/action_script.hh"
#include "state/state.hh"
#include "systemd/log.hh"

namespace vps {

// The VPS's configuration. Throws Error: NoVzConf, NoVpsConf, BadValue where a setting that guards
// the VPS is unusable, NoVeRoot, NoVePrivate.
VpsConfig load_usable_config(Veid veid);

// The configuration of a VPS that is mounted or runs, which may have been changed, broken or
// removed since: VE_ROOT and VE_PRIVATE are those of the mount, and an error is only logged.
VpsConfig load_config_of_mounted(Veid veid, const VpsState& state, const Log& log);

// Says of each problem of the configuration that it is ignored.
void tell_ignored(const VpsConfig& config, const std::vector<ConfigProblem>& problems,
                  const Log& log);

ScriptSettings script_settings(Veid veid, const VpsConfig& config);

// A script that is asked whether a VPS may be stopped or dismounted: N.stop, N.umount, vps.umount.
// A script that is overruled (STOP_VETO=no) has an end in time, and its failure says that it is
// passed over.
struct AskedScript {
    ScriptKind kind;
    ScriptSettings settings;
};
AskedScript ask(const ScriptKind& kind, const ScriptSettings& settings);

// True, and the failure is told, where it keeps nothing from being stopped. A caller who tells a
// script's program to end (Ctrl-C) has changed his mind.
bool is_overruled(const Error& failure, const AskedScript& asked, const Log& log);

// Enters a phase in a step that ends a VPS, or takes over one that runs: a phase that cannot be
// written (the file system of /run is read-only) is told, and holds for this program.
void enter_all_the_same(const VpsLock& lock, VpsState& state, Phase next, const Log& log);

}  // namespace vps

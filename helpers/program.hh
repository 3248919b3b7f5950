// What the helpers that work on one VPS have in common: a command line, the VPS's settings, and one
// place where errors are reported.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "action_script.hh"
#include "config.hh"
#include "log.hh"
#include "state.hh"
#include "veid.hh"

namespace vps {

struct ProgramInfo {
    std::string name;     // "vps-mount"
    std::string summary;  // one line for --help
    bool has_force = false;
    bool has_user = false;              // --user USER
    std::string command_usage = {};     // what may follow VEID, for --help; empty: nothing may
    bool command_after_dashes = false;  // a second VEID is then no command, but an error
};

struct Invocation {
    Veid veid;
    bool force = false;
    Log log;
    std::string user{};                  // empty: none was named
    std::vector<std::string> command{};  // what followed VEID
};

// Parses "NAME [OPTIONS] VEID [--] [COMMAND…]", --help and --version; requires root; calls `body`;
// reports what it throws, with the VPS's number, and turns it into the exit code.
int run_program(int argc, char** argv, const ProgramInfo& info,
                const std::function<ExitCode(const Invocation&)>& body);

// What `systemctl status` shows (STATUS= of sd_notify(3)); nothing happens outside the unit.
void tell_status(const std::string& text);

// The VPS's configuration. Throws Error: NoVzConf, NoVpsConf, BadValue
// where a setting that guards the VPS is unusable, NoVeRoot, NoVePrivate.
VpsConfig load_usable_config(const Invocation& invocation);

// The configuration of a VPS that is mounted or runs, which may have been changed, broken or
// removed since: VE_ROOT and VE_PRIVATE are what was mounted, and an error is only logged.
VpsConfig load_config_of_mounted(const Invocation& invocation, const VpsState& state);

ScriptSettings script_settings(Veid veid, const VpsConfig& config);

}  // namespace vps

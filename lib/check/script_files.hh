// Action scripts and EXTERNAL_SCRIPT where they lie: found as a start finds them, their text
// checked.
#pragma once

#include <optional>
#include <string>

#include "check/check_script.hh"
#include "check/checked.hh"
#include "script/action_script.hh"
#include "sys/fd.hh"

namespace vps {

// A program of the VPS, looked up as it would find it below the directory of its files; where that
// cannot be looked into, each is taken to be there.
ScriptPlace place_in_vps(std::optional<Fd> files);

// Checks the script of this kind in `dir`, a directory below `root`. A script that fails refuses
// the start of `verdict`, which may be null, where the start runs it. Returns whether there is one.
bool check_script(const ScriptKind& kind, Veid veid, const std::string& root,
                  const std::string& dir, const ScriptPlace& place, Checked& checked,
                  StartVerdict* verdict);

// Checks the script of vznet.conf, which runs for devices of NETIF. Once for all VPSes.
void check_external_script(const std::string& root, Checked& checked);

}  // namespace vps

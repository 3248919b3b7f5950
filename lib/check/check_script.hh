// The text of an action script: its interpreter, words that bash knows and sh does not, commands of
// OpenVZ's time. Nothing is executed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "check/finding.hh"
#include "script/action_script.hh"

namespace vps {

// The place where the script is going to run.
struct ScriptPlace {
    std::function<bool(const std::string& path)> has_program;  // an absolute path
    bool sh_is_dash = false;
};

// The place of scripts of the host context: this host.
ScriptPlace this_host();

// Checks the text. `mode` is the file's; the run bit counts for scripts of the host context.
std::vector<Finding> check_script_text(const ScriptKind& kind, const std::string& text, mode_t mode,
                                       const ScriptPlace& place);

}  // namespace vps

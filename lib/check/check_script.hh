// An action script as its text shows it: its interpreter, what sh is not bash for, commands of
// OpenVZ's time. Nothing is executed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "check/finding.hh"
#include "script/action_script.hh"

namespace vps {

// Where the script is going to run.
struct ScriptPlace {
    std::function<bool(const std::string& path)> has_program;  // an absolute path
    bool sh_is_dash = false;
};

// The host that this runs on.
ScriptPlace this_host();

// `mode` is the file's; the run bit counts for scripts of the host context.
std::vector<Finding> check_script_text(const ScriptKind& kind, const std::string& text, mode_t mode,
                                       const ScriptPlace& place);

// The words of a simple command of a shell script, and where it starts. bash's own redirections of
// two streams, "&>" and ">&" before a file's name, stand as commands of their own.
struct ShellCommand {
    unsigned line;
    std::vector<std::string> words;  // quotes stay, so that only a plain word equals a name
};

// Finds them without comments, here-documents and quoted text, those of command substitutions, too.
std::vector<ShellCommand> find_commands(const std::string& script);

}  // namespace vps

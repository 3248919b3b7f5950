// vzctl exec, exec2, exec3, enter and runscript: commands in the VPS context, by the caller's
// streams. The words of exec and exec2 are joined by blanks and read by the VPS's shell, as the
// words of ssh(1) are; nothing else of a command line meets a shell. Callers are root in the host
// context.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode exec_verb(const Call& call);   // exec: 8 for any failure
ExitCode exec2_verb(const Call& call);  // the command's own exit code
ExitCode exec3_verb(const Call& call);  // likewise, without a shell
ExitCode enter_verb(const Call& call);
ExitCode runscript_verb(const Call& call);

// The words of exec as one command line for a shell: an empty word is '' there.
std::string join_words(const std::vector<std::string>& words);

}  // namespace vps

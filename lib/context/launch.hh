// The last step into a VPS: a program that the VPS decides on is executed by way of a sealed memory
// file, because the program that runs at that moment is within the VPS's reach (CVE-2019-5736): a
// first line "#!/proc/self/exe" executes it, and /proc/PID/exe opens it.
#pragma once

#include <string>
#include <vector>

#include "sys/fd.hh"

namespace vps {

// The descriptors of the program: 0, 1, 2, and kTextFd if it is open and not close-on-exec.
inline constexpr int kTextFd = 3;

// The memory file. To be made in the host context: nobody in a VPS can read it, and so nobody there
// can trace a process that runs it. Throws SysError.
Fd make_launcher();

// The words for launch(): the first of `programs` that exists is executed, as execvp(3) does with
// files of PATH; `argv`, whose first word is the program's own path if it is empty; and whether
// /bin/sh executes a file of no known format.
std::vector<std::string> launch_words(int tag, bool by_shell,
                                      const std::vector<std::string>& programs,
                                      const std::vector<std::string>& argv);

// Closes every descriptor but those of the program, and becomes the launcher. If no program could
// be executed, a ChildReport with the tag of launch_words() as its step is written to `report`,
// which is closed else; where the launcher itself fails, this writes it and exits. Returns, with an
// errno, only while nothing is closed. Safe after clone.
int launch(int launcher, int report, char* const* words, char* const* envp) noexcept;

}  // namespace vps

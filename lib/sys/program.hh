// Programs that are executed for their work, as children.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sys/process.hh"

namespace vps {

// Executes words[0], a path, with these words; signals are at their defaults. `prepare` runs in the
// child before that, and its false, as a program that is not there, ends the child with 127.
// `at_our_end`: the signal that the program gets when this process has ended (PR_SET_PDEATHSIG); 0:
// none. Throws SysError.
Child start_program(
    const std::vector<std::string>& words, int at_our_end,
    const std::function<bool()>& prepare = [] { return true; });

}  // namespace vps

// vzctl's command line: options, a verb, a VPS by its VEID or NAME, and the words of the verb. The
// grammar, the lines and the exit codes are those of OpenVZ's vzctl 4.11.
#pragma once

#include <string>
#include <vector>

#include "sys/exit_code.hh"

namespace vps {

inline constexpr const char* kVzctlVersion = "4.11.1";

// Does what the words after the program's name say. Tells its errors itself and returns the exit
// code.
ExitCode run_vzctl(const std::vector<std::string>& words);

}  // namespace vps

// The parts that the main functions of all programs have in common: standard streams, the command
// line, --help and --version, and one place where errors are reported.
#pragma once

#include <functional>

#include "command/grammar.hh"
#include "sys/exit_code.hh"

namespace vps {

// Calls `body` with what was given. What it throws becomes one line on standard error and the
// exit code, which is returned.
int run_main(int argc, char** argv, const Grammar& grammar,
             const std::function<ExitCode(const CommandLine&)>& body);

}  // namespace vps

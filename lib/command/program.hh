// The parts that programs which work on one VPS have in common: a command line, and one place where
// errors are reported.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "command/grammar.hh"
#include "config/veid.hh"
#include "sys/exit_code.hh"
#include "systemd/log.hh"

namespace vps {

struct ProgramInfo {
    std::string name;     // "vps-mount"
    std::string summary;  // one line for --help
    bool has_force = false;
    bool has_user = false;                // --user USER
    std::string command_usage = {};       // what may follow VEID, for --help; empty: nothing may
    std::vector<std::string> verbs = {};  // one of these comes before VEID; empty: none does
    std::vector<Option> options = {};     // more of them
    // What follows for the VPS from an error that does not say so: a system call's of the middle.
    std::string consequence = {};
};

struct Invocation {
    Veid veid;
    bool force = false;
    Log log;
    std::string user{};                  // empty: none was named
    std::vector<std::string> command{};  // what followed VEID
    std::string verb{};
    CommandLine line{};  // with the program's own options
};

// Parses "NAME [OPTIONS] [VERB] VEID [--] [COMMAND…]", --help and --version; requires root; calls
// `body`; reports what it throws, with the VPS's number, and turns it into the exit code.
int run_program(int argc, char** argv, const ProgramInfo& info,
                const std::function<ExitCode(const Invocation&)>& body);

}  // namespace vps

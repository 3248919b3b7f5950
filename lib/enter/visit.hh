// A command in the VPS context, with the caller's standard streams: a terminal of the VPS, or
// pipes. No descriptor of the caller goes into the VPS: everything is passed on here. Callers are
// root in the host context, in a process that has nothing else to do: signals are blocked from then
// on.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/veid.hh"
#include "context/command.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

struct RunningInit {
    Fd handle;
    pid_t pid;
};

// The init of a VPS that runs, or the first process of one whose network is being made
// (EXTERNAL_SCRIPT). Throws Error NotRunning, or the error of a configuration that cannot
// be read.
RunningInit require_init(Veid veid);

struct Visitor {
    Veid veid;
    std::string user;                // of the VPS; empty: root
    std::vector<std::string> words;  // none: a login shell
};

// The command of a user of the VPS, or the login shell. Throws Error Usage where the VPS has no
// such user, NotRunning.
ContextCommand plan_visit(const RunningInit& init, const Visitor& visitor);

// The shell that reads command lines and scripts without a shebang: /bin/bash if the VPS has that
// file, else /bin/sh. Throws Error NotRunning, SysError.
std::string find_shell(const RunningInit& init);

enum class Streams { Terminal, Pipes };

// A terminal where both the input and the output of the caller are one.
Streams streams_of_caller();

// Runs the command until it has ended and all that it printed is out. Returns its exit code, 128+N
// where the signal N has ended it or us, 126 or 127 where it could not be executed, which is told.
// Throws Error.
int visit(const RunningInit& init, ContextCommand command, Streams streams, const Log& log);

}  // namespace vps

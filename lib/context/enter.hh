// Entering a running VPS: its namespaces, its cgroup and its root, and running a program of the
// host's choice in it (N.start, N.stop, a request to power off, a login). Callers are root in the
// host context. The program is under the VPS's control from its first instruction: nothing of the
// host's but the sealed text of a script goes along. Its stdin, stdout and stderr are made inside,
// by its user, and the caller gets their other ends.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "context/command.hh"
#include "context/context_child.hh"
#include "sys/error.hh"
#include "sys/line_relay.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

// A command that runs in the VPS context, and the caller's ends of its streams: pipes, `in` only
// with ContextInput::Pipe, or the master of its terminal, which is non-blocking.
struct ContextProcess {
    ContextChild child;
    Fd out, err, in;
    Fd terminal;
    Fd terminal_inside;  // its other side: while it is open here, the command may close and open it
};

// None of the command's files could be executed, for the reason errnum().
class ExecError : public SysError {
    using SysError::SysError;
};

// The VPS was not entered: it is frozen, holds up who enters, or has closed the way. The command
// was not executed.
class EntryError : public Error {
  public:
    explicit EntryError(const std::string& text) : Error(ExitCode::System, text) {}
};

// How long to wait for steps that the VPS can hold up.
struct Patience {
    Deadline deadline{};
    FdRef request = FdRef(-1);  // ends the patience once it can be read
    // Is called twice a second, to thaw the VPS. True if the VPS freezes itself all the same.
    std::function<bool()> thaw{};
};

// Throws EntryError where the VPS has closed the way by which its context is reached: init runs
// without its main thread, or in a user namespace of its own making.
void require_way_in(pid_t init_pid);

// Starts `command` in the context of the VPS whose init is `init`, in init's cgroup or, where the
// VPS does not let it in there, in the scope's (entry_cgroup.hh), with a session of its own. Throws
// SysError: ESRCH when init has ended, ETIMEDOUT at the end of the patience, and ExecError;
// EntryError at once where init's cgroup is frozen, also while it waits.
ContextProcess start_in_vps(FdRef init, pid_t init_pid, const ContextCommand& command,
                            const Patience& patience = {});

// Runs `command` and logs its output under `identifier` until it ends or the patience does;
// processes that it left behind run on. Returns how the command ended, nothing if the patience
// ended first (the command was killed). To enter may take half a minute; then EntryError is thrown.
std::optional<ExitStatus> run_in_vps(const ContextCommand& command, const std::string& identifier,
                                     FdRef init, pid_t init_pid, const Patience& patience,
                                     const Log& log, std::vector<LineRelay>& relays);

}  // namespace vps

// The VPS context: its namespaces, its cgroup and its root, and running a program of the host's
// choice in it (N.start, N.stop, a request to power off). Callers are root in the host context.
// What runs there is under the VPS's control from its first instruction: nothing of ours but the
// sealed text of a script goes along. Its stdin, stdout and stderr are made inside, by its user,
// and our ends of them are handed out.
#pragma once

#include <sched.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "context/launch.hh"
#include "sys/error.hh"
#include "sys/line_relay.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

struct Namespace {
    int flag;               // CLONE_NEW*
    std::string_view name;  // in /proc/PID/ns
};

// The namespaces of a VPS, in no order that matters: setns(2) with a pidfd enters all at once. The
// cgroup namespace is not made by clone: init makes it once it is in its scope, whose cgroup then
// is the namespace's root. With USERNS=no the user namespace is the host's.
inline constexpr std::array kNamespaces{
    Namespace{CLONE_NEWUSER, "user"},     Namespace{CLONE_NEWNS, "mnt"},
    Namespace{CLONE_NEWPID, "pid"},       Namespace{CLONE_NEWUTS, "uts"},
    Namespace{CLONE_NEWIPC, "ipc"},       Namespace{CLONE_NEWNET, "net"},
    Namespace{CLONE_NEWCGROUP, "cgroup"},
};

// Takes the ids of root in the user namespace that the process is in. Returns 0 or an errno.
int become_root_inside() noexcept;

// Whom a command runs as, in ids of the VPS.
struct ContextUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    std::string home = "/";  // the working directory, if it can be entered; else "/"
};

// What a command's terminal is like at first.
struct ContextTerminal {
    termios modes;
    winsize size;
};

enum class ContextInput { Empty, Pipe };

// What to run in the VPS context.
struct ContextCommand {
    std::vector<std::string> argv;  // argv[0] is looked up inside
    std::vector<std::string> environment;
    int text = -1;  // a sealed memfd that stays open inside, as kTextFd
    // Files that are tried in turn, as execvp(3) does with those of PATH; none: argv[0] alone
    std::vector<std::string> programs{};
    ContextUser user{};
    ContextInput input = ContextInput::Empty;
    // Instead of pipes: stdin, stdout, stderr and controlling terminal of the command
    const ContextTerminal* terminal = nullptr;
};

// A command that runs in the VPS context, and our ends of what it reads from and prints to: pipes,
// `in` only with ContextInput::Pipe, or the master of its terminal, which is non-blocking.
struct ContextProcess {
    Child child;
    Fd out, err, in;
    Fd terminal;
    Fd terminal_inside;  // its other side: while we have it, the command may close and open it
};

// The program could not be executed: none of its files, for the reason errnum().
class ExecError : public SysError {
    using SysError::SysError;
};

// How long to wait for what the VPS can hold up.
struct Patience {
    Deadline deadline{};
    FdRef request = FdRef(-1);  // ends it once it can be read
};

// Starts `command` in the context of the VPS whose init is `init`, in init's cgroup, with a session
// of its own. Throws SysError: ESRCH when init has ended, ETIMEDOUT at the end of the patience, and
// ExecError.
ContextProcess start_in_vps(FdRef init, pid_t init_pid, const ContextCommand& command,
                            const Patience& patience = {});

// The identifiers' lines go to `log`.
LineRelay relay_to_log(Fd source, const Log& log, const std::string& identifier, Level level);

// Runs `command` and logs what it prints under `identifier` until it ends or the deadline passes;
// what it left running goes on. Returns how it ended, nothing if the deadline passed (it was
// killed).
std::optional<ExitStatus> run_in_vps(const ContextCommand& command, const std::string& identifier,
                                     FdRef init, pid_t init_pid, const Deadline& deadline,
                                     const Log& log, std::vector<LineRelay>& relays);

}  // namespace vps

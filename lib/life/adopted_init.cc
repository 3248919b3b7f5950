#include "life/adopted_init.hh"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "sys/error.hh"

namespace vps {

namespace {

void let_go_on(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const bool group_stop = status >> 16 == PTRACE_EVENT_STOP;
    // These calls fail only if init has been killed meanwhile, which waitpid() will tell.
    if (group_stop &&
        (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU))
        (void)ptrace(PTRACE_LISTEN, pid, 0, 0);
    else
        // A SIGSTOP from inside its namespace would not reach an init that is not traced.
        (void)ptrace(PTRACE_CONT, pid, 0, group_stop || signal == SIGSTOP ? 0 : signal);
}

}  // namespace

std::optional<AdoptedInit> AdoptedInit::seize(pid_t pid) {
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
        return AdoptedInit(pid);
    if (errno == EPERM || errno == ESRCH)
        return std::nullopt;
    throw SysError(errno, "trace init", std::to_string(pid));
}

std::optional<ExitStatus> AdoptedInit::pass_on_signals() const {
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG | __WALL) == pid_) {
        if (WIFEXITED(status))
            return ExitStatus{.code = WEXITSTATUS(status)};
        if (WIFSIGNALED(status))
            return ExitStatus{.signal = WTERMSIG(status)};
        if (WIFSTOPPED(status))
            let_go_on(pid_, status);
    }
    return std::nullopt;
}

}  // namespace vps

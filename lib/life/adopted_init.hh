// The init of a VPS that runs already and is not the supervisor's child: its own supervisor was
// killed, or had to go when N.stop refused a stop. Only a parent or a tracer learns how a process
// ended, and with it whether the VPS halted or rebooted, so the supervisor traces init (ptrace(2),
// PTRACE_SEIZE): init is not stopped, and each signal for it is passed on. Init runs on if the
// supervisor dies.
#pragma once

#include <sys/types.h>

#include <optional>

#include "sys/process.hh"

namespace vps {

class AdoptedInit {
  public:
    // Returns nothing where the host forbids tracing (kernel.yama.ptrace_scope=3): how init ends
    // stays unknown.
    static std::optional<AdoptedInit> seize(pid_t pid);
    // One that another program of this process has seized.
    static AdoptedInit seized(pid_t pid) { return AdoptedInit(pid); }

    // Called at each SIGCHLD: lets init go on with the signal that it was stopped for.
    // Returns how init ended, once it has.
    std::optional<ExitStatus> pass_on_signals() const;

  private:
    explicit AdoptedInit(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

}  // namespace vps

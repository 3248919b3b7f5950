// The VPS as a machine of systemd-machined (machinectl(1)). A program of its own, vps-machine, asks
// for that while the VPS runs already: nobody waits for machined, which may be slow or hang.
#pragma once

#include "config/veid.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

class MachineRegistration {
  public:
    // Starts the program, if the host has a machined. Failures are told at info level only.
    MachineRegistration(Veid veid, const Log& log);

    // Called at SIGCHLD: reaps the program if it has ended.
    void reap();

  private:
    Child program_;
};

}  // namespace vps

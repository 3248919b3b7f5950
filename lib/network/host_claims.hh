// One at a time on the host's side of all networks: while one exists, no other VPS takes addresses,
// and nothing that is being undone is made again. Callers are root in the host context.
#pragma once

#include "sys/fd.hh"

namespace vps {

class HostClaims {
  public:
    HostClaims();  // waits for others; throws SysError

  private:
    Fd dir_;
};

}  // namespace vps

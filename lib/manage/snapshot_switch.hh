// vzctl snapshot-switch: a copy of a snapshot takes the place of the private area, and the
// configuration of then that of now. A VPS that runs is stopped for that and started again; what
// fails is taken back. Callers are root in the host context.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode snapshot_switch_verb(const Call& call);

}  // namespace vps

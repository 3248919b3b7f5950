// vzctl snapshot-list: the columns of vzctl's, whose clients cut them apart. Callers are root in
// the host context.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode snapshot_list_verb(const Call& call);

}  // namespace vps

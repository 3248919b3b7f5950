// vzctl destroy: removes the private area of a VPS that is down, and puts its configuration and
// action scripts aside as *.destroyed. Goes through no symbolic link and into no mount, and touches
// nothing of another VPS. Callers are root.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode destroy_verb(const Call& call);

}  // namespace vps

// vzctl reinstall: the files of a VPS made anew from its template.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode reinstall_verb(const Call& call);

}  // namespace vps

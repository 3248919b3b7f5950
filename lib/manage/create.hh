// vzctl create: a private area from a template's tarball, and N.conf from a sample and the options.
// Whatever fails, nothing of it is left, and nothing that was there is touched. Callers are root.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode create_verb(const Call& call);

}  // namespace vps

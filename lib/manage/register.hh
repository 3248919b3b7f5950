// vzctl register and unregister: a private area that is there becomes a VPS of this host, and is
// one no more. No file in an area decides on a configuration: it may be the VPS's own.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode register_verb(const Call& call);
ExitCode unregister_verb(const Call& call);

}  // namespace vps

// vzctl quotaon, quotainit, quotastat and quotaoff. The quota of a private area is a project quota,
// which stays with the files; to turn it on is to set the limits of the configuration now. Callers
// are root.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode quotaon_verb(const Call& call);
ExitCode quotastat_verb(const Call& call);  // prints its use and limits
ExitCode quotaoff_verb(const Call& call);

}  // namespace vps

// vzctl chkpnt, restore, suspend and resume. A VPS is frozen and thawed with its cgroup, as libvirt
// and others suspend one; its state goes into no file.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode chkpnt_verb(const Call& call);
ExitCode restore_verb(const Call& call);

}  // namespace vps

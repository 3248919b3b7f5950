// vzctl snapshot, snapshot-delete, snapshot-mount, snapshot-umount: snapshots of a private area by
// what its file system has (snapshot/copy_area.hh), of a VPS that runs as well. Callers are root in
// the host context.
#pragma once

#include "manage/call.hh"

namespace vps {

ExitCode snapshot_verb(const Call& call);
ExitCode snapshot_delete_verb(const Call& call);
ExitCode snapshot_mount_verb(const Call& call);
ExitCode snapshot_umount_verb(const Call& call);

}  // namespace vps

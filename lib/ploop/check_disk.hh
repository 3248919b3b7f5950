// The check of a disk of ploop images whose VPS is stopped: the images, then the file system.
#pragma once

#include <string>

#include "config/veid.hh"
#include "ploop/file_system_check.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// What is wrong with an image is thrown; what e2fsck finds in the file system is told. `directory`
// has the descriptor, `path` is its name; `request` ends the check. Throws Error.
void check_disk(Veid veid, FdRef directory, const std::string& path, FileSystemCheck kind,
                FdRef request, const Log& log);

}  // namespace vps

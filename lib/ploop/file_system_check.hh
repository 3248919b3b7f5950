// e2fsck(8) over the file system of a disk, as at a boot of the VPS's own: what is safe to mend is
// mended. It reads what a VPS has written, as root.
#pragma once

#include <string>

#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Preen: as the file system asks, and nothing that loses files. Mend: everything (e2fsck -f -y).
enum class FileSystemCheck { Preen, Mend, LookOnly };

// Tells what was found unless the file system was clean. Throws Error CannotMount where it is not
// in order afterwards; `hint` then follows; System when `request` can be read meanwhile (-1: none).
void check_file_system(const std::string& device, FileSystemCheck how, const std::string& hint,
                       FdRef request, const Log& log);

}  // namespace vps

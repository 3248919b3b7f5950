// Files of a VPS, which helpers read in the host context. Whoever owns the VPS decides what lies
// under a name, and to open a device has effects with the host's rights: this is the one way in
// which helpers open a file of a VPS for more than its name.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

// Opens for reading what `place`, an O_PATH descriptor, shows: looked at first, then reopened by
// /proc/self/fd, so that what was looked at is opened. Empty unless it is a regular file. Throws
// SysError.
Fd open_guest_file(FdRef place);

// The same for `path` as a process chrooted to `root` would find it. Empty, too, where there is no
// such file. Throws SysError.
Fd find_guest_file(FdRef root, const std::string& path);

}  // namespace vps

// Writes the files of a VPS that HOSTNAME, NAMESERVER and SEARCHDOMAIN stand for. vps-run calls it
// as root on the host, before the VPS's init runs. The files stay in the private area.
//
// The files that are there are the VPS's, and hostile: paths are looked up as in the VPS
// (RESOLVE_IN_ROOT), only regular files are opened, and no file is written to: each is replaced by
// a new one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "config/config.hh"
#include "files/edits.hh"
#include "files/resolver.hh"
#include "state/id_range.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// The ids of the host that stand for the VPS's root in the files on disk.
struct FileOwner {
    uid_t uid;
    gid_t gid;
};

// The owner for a VPS with these ids: where they are not shifted on disk, the VPS's root is the
// host's there.
FileOwner owner_on_disk(const std::optional<UserIds>& ids);

// Makes the edit in the tree whose root this is. Throws Error where the file is none to be changed,
// and SysError.
void edit_file(FdRef root, const FileEdit& edit, FileOwner owner, const Log& log);

// Does nothing where the configuration asks for nothing. A file that cannot be written stays as it
// is, with a warning, and the VPS starts.
void write_name_files(Veid veid, const std::string& mount_point, const VpsConfig& config,
                      const Resolver& resolver, FileOwner owner, const Log& log);

}  // namespace vps

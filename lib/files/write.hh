// Writes the files of a VPS that HOSTNAME, NAMESERVER and SEARCHDOMAIN stand for. vps-run calls it
// as root on the host, before the VPS's init runs. What it leaves behind is in the private area.
//
// What is there is the VPS's, and hostile: paths are looked up as in the VPS (RESOLVE_IN_ROOT),
// only regular files are opened, and none is written to: each is replaced by a new one.
#pragma once

#include <sys/types.h>

#include <string>

#include "config/config.hh"
#include "files/resolver.hh"
#include "systemd/log.hh"

namespace vps {

// The host's ids that are root's in the files as they lie on disk.
struct FileOwner {
    uid_t uid;
    gid_t gid;
};

// Does nothing where nothing is asked for. What cannot be written is warned of and left as it is: a
// VPS starts without.
void write_name_files(Veid veid, const std::string& mount_point, const VpsConfig& config,
                      const Resolver& resolver, FileOwner owner, const Log& log);

}  // namespace vps

// The files by which lxcfs(1), where it runs on the host, shows a VPS its own limits and use
// instead of the host's: /proc/meminfo, cpuinfo, uptime and so on. The supervisor opens them on the
// host and hands them over, see context_setup.hh; vps-lxcfs brings VPSes that run what has changed.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// What a file system in user space serves answers late or never when that has come to harm.
inline constexpr unsigned kLxcfsSeconds = 5;

// What is at lxcfs's place now.
struct LxcfsPlace {
    dev_t device = 0;  // of the file system there; 0 if there is no such directory
    bool is_lxcfs = false;
};

// Asks nothing of lxcfs, which may hang. Throws SysError.
LxcfsPlace look_for_lxcfs();
// Only whether it is still the same: that costs nothing on a host of a thousand mounts.
bool is_still(const LxcfsPlace& place);

struct LxcfsFile {
    std::string path;  // where it belongs in the VPS: "/proc/meminfo"
    Fd mount;          // detached, read-only
};

// None where lxcfs does not run. Where it does not answer in kLxcfsSeconds, or with an error, a
// warning says so, and the VPS sees the host's. Throws SysError, but not because of lxcfs.
std::vector<LxcfsFile> open_lxcfs(const Log& log);

// Has the running VPS of this init see what lxcfs shows now: files of one that has ended are taken
// away, so that the host's are seen again, and those of one that was started since are mounted.
// What cannot be done a warning says. Throws SysError, but not because of lxcfs or the VPS.
void renew_lxcfs(FdRef init, pid_t init_pid, const Log& log);

}  // namespace vps

// The files by which lxcfs(1), where it runs on the host, shows a VPS its own limits and use
// instead of the host's: /proc/meminfo, cpuinfo, uptime and so on. The supervisor opens them on the
// host and hands them over, see become_init.hh; vps-lxcfs brings changes to VPSes that run.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// Seconds that lxcfs has to answer: a file system in user space that has come to harm answers late
// or never.
inline constexpr unsigned kLxcfsSeconds = 5;

// The state of lxcfs's place.
struct LxcfsPlace {
    dev_t device = 0;  // of the file system there; 0 if there is no such directory
    bool is_lxcfs = false;
};

// Looks at lxcfs's place, and asks nothing of lxcfs, which may hang. Throws SysError.
LxcfsPlace look_for_lxcfs();
// Whether the place is still the same; the answer costs nothing on a host of a thousand mounts.
bool is_still(const LxcfsPlace& place);

struct LxcfsFile {
    std::string path;  // its place in the VPS: "/proc/meminfo"
    Fd mount;          // detached, read-only
};

// The files of lxcfs; none where lxcfs does not run. Where lxcfs does not answer in kLxcfsSeconds,
// or with an error, a warning says so, and the VPS sees the host's. Throws SysError, but not
// because of lxcfs.
std::vector<LxcfsFile> open_lxcfs(const Log& log);

// Has the running VPS of this init see the files that lxcfs shows now: files of an lxcfs that has
// ended are taken away, so that the VPS sees the host's again, and files of an lxcfs that was
// started since are mounted. A warning tells of a file that cannot be mounted. Throws SysError, but
// not because of lxcfs or the VPS.
void renew_lxcfs(FdRef init, pid_t init_pid, const Log& log);

}  // namespace vps

// Mounts that mount scripts meant to make below VE_ROOT, and made elsewhere on the host: a mount
// point in the VPS's tree may be a symbolic link, which its owner made and which the host's
// mount(8) follows. For vps-mount, which runs as root in the host's mount namespace.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sys/mount.hh"

namespace vps {

struct StrayMount {
    int id;              // of the mount (mountinfo)
    std::string target;  // where it is: "/etc"
    std::string name;    // by which link it got there: "/vz/root/101/mnt/data"
};

// What is mounted on the host now, by id; to be asked before the scripts run.
std::set<int> mount_ids();

// The first mount that is not among `before`, lies outside of `root`, and that a link below `root`
// leads to. `scripts` are the texts of the mount scripts: what they name decides where a mount may
// be meant either way. Nothing is searched unless there is such a mount. The links are the VPS's.
std::optional<StrayMount> find_stray_mount(const std::set<int>& before, const std::string& root,
                                           const std::vector<std::string>& scripts);

// Dismounts it, if it still is what its target shows. Throws SysError CannotDismount.
void dismount_stray(const StrayMount& stray);

}  // namespace vps

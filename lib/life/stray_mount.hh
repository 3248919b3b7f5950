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
    std::string target;  // the place of the mount: "/etc"
    std::string name;    // the link that led there: "/vz/root/101/mnt/data"
};

// The ids of the host's mounts; to be asked before the scripts run.
std::set<int> mount_ids();

// The first mount that is not among `before`, lies outside of `root`, and that a link below `root`
// leads to. `scripts` are the texts of the mount scripts: what they name decides where a mount may
// be meant either way. Nothing is searched unless there is such a mount. The links are the VPS's.
std::optional<StrayMount> find_stray_mount(const std::set<int>& before, const std::string& root,
                                           const std::vector<std::string>& scripts);

// Dismounts the mount, if it is still the one that its target shows. Throws SysError
// CannotDismount.
void dismount_stray(const StrayMount& stray);

}  // namespace vps

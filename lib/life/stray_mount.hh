// Mounts that scripts of the host meant to make below VE_ROOT, and made elsewhere on the host: a
// mount point in the VPS's tree may be a symbolic link, which its owner made and which the host's
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

// The mounts of the host from before scripts run until they have ended, well or not: what the
// scripts mounted outside of `root` without meaning it is dismounted again. `scripts` are the texts
// of the scripts: what they name decides where a mount may be meant either way. The links
// below `root` are the VPS's.
class ScriptMounts {
  public:
    ScriptMounts(std::string root, std::vector<std::string> scripts);
    ~ScriptMounts();
    ScriptMounts(const ScriptMounts&) = delete;
    ScriptMounts& operator=(const ScriptMounts&) = delete;

    // Dismounts copies that the host got of mounts below `root`: a script mounted on a directory
    // that it had bound there, and that is shared with the host's own. Dismounts the first mount
    // outside of `root` that a link below `root` leads to, too, and returns it. Searches nothing
    // unless there is a new mount outside. Throws SysError CannotDismount.
    std::optional<StrayMount> settle();

  private:
    std::string root_;
    std::vector<std::string> scripts_;
    std::set<int> before_;
    bool settled_ = false;
};

}  // namespace vps

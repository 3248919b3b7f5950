// The things that the supervisor makes for a VPS on the host, because the VPS itself must not be
// able to: its user ids, the tree of mounts that is its root, a /dev with device nodes in it, and
// its cgroup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/veid.hh"
#include "context/device.hh"
#include "state/id_range.hh"
#include "state/state.hh"
#include "sys/fd.hh"
#include "sys/mount.hh"

namespace vps {

// The ids of a VPS: nothing for USERNS=no; else the ids of a shifted area, or of a range that is
// claimed for the VPS. Throws Error NoPrivateArea, BadValue, System.
std::optional<UserIds> choose_ids(Veid veid, const VpsConfig& config);

// The ids of a VPS with a shifted area; nothing for any other, and for USERNS=no. Throws Error
// NoPrivateArea, BadValue.
std::optional<UserIds> find_shifted_ids_of(const VpsConfig& config);

// Writes uid_map and gid_map of the process (user_namespaces(7)). Throws SysError.
void map_ids(pid_t pid, const UserIds& ids);

// Whether the file system of this directory can be shown with other ids than its own. Changes
// nothing. Throws SysError, also where the caller is not root of the host.
bool can_map_ids(const std::string& directory);

// The words for one that cannot, and what to do.
std::string explain_no_mapped_ids(const std::string& directory);

// The mounts at and below VE_ROOT, with the ids of the VPS.
struct RootMounts {
    struct Below {
        std::string path;  // relative to VE_ROOT
        DetachedMount mount;
    };
    // A mount whose file system cannot have the ids.
    struct PlainMount {
        std::string target;  // a path of the host
        std::string type;
    };
    DetachedMount top;
    std::vector<Below> below;  // mounts that `top` does not hold, parents before children
    std::vector<PlainMount> plain;
    // host paths of mounts left out: no kernel mounts a deleted file
    std::vector<std::string> deleted;
};

// Makes the copies, which receive later mounts of the host. Throws Error CannotMount.
RootMounts make_root(const std::string& mount_point, const std::optional<UserIds>& ids, pid_t pid);

// A tmpfs with the device nodes of every VPS and those of `devices`, owned by its root. Throws
// SysError CannotMount.
Fd make_dev(const std::optional<UserIds>& ids, const std::vector<Device>& devices);

// True for the devices that every VPS has.
bool is_of_every_vps(const Device& device);

// Limits the cgroups that the VPS can make below this one: how many, and how deep. Their files stay
// the host's. Throws SysError.
void limit_cgroups(FdRef cgroup, const VpsConfig& config);

// Gives the cgroup to the VPS, which then can make cgroups in it (cgroups(7), "Cgroups
// delegation"). Throws SysError.
void delegate_cgroup(FdRef cgroup, const UserIds& ids);

}  // namespace vps

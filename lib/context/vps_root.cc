#include "context/vps_root.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "context/device_node.hh"
#include "context/foreign_ids.hh"
#include "state/id_range.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

const std::array kDevices{
    Device{false, 1, 3, "rw", "null"},
    Device{false, 1, 5, "rw", "zero"},
    Device{false, 1, 7, "rw", "full"},
    Device{false, 1, 8, "rw", "random"},
    Device{false, 1, 9, "rw", "urandom"},
    Device{false, 5, 0, "rw", "tty"},
    // A node, not a link to pts/ptmx, finds the devpts that is mounted beside it: that of a VPS
    // which mounts one itself has a ptmx that is root's alone.
    Device{false, 5, 2, "rw", "ptmx"},
};

void write_map(pid_t pid, const char* file, std::uint32_t first, std::uint32_t count) {
    const std::string path = fmt::format("/proc/{}/{}", pid, file);
    const std::string map = fmt::format("0 {} {}\n", first, count);
    const Fd fd = sys::open(path, O_WRONLY);
    if (write(fd.get(), map.data(), map.size()) != static_cast<ssize_t>(map.size()))
        throw SysError(errno, "map user ids by", path);
}

void configure(FdRef fs, const char* key, const std::string& value) {
    if (fsconfig(fs.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) < 0)
        throw SysError(errno, fmt::format("set {} of", key), "/dev", ExitCode::CannotMount);
}

[[noreturn]] void fail_to_make_dev() {
    throw SysError(errno, "make", "/dev", ExitCode::CannotMount);
}

}  // namespace

std::optional<UserIds> find_shifted_ids_of(const VpsConfig& config) {
    if (!config.userns)
        return std::nullopt;
    struct stat area {};
    if (stat(config.ve_private->c_str(), &area) < 0)
        throw SysError(errno, "look at", *config.ve_private, ExitCode::NoPrivateArea);
    return find_shifted_ids(area, config);
}

std::optional<UserIds> choose_ids(Veid veid, const VpsConfig& config) {
    if (!config.userns)
        return std::nullopt;
    if (const auto ids = find_shifted_ids_of(config))
        return ids;
    std::vector<IdRange> taken = find_foreign_ids();
    for (const char* file : {"/etc/subuid", "/etc/subgid"})
        for (const IdRange& range : read_subordinate_ids(file))
            taken.push_back(range);
    const std::uint32_t first = claim_ids(veid, taken, kRunDir, config.userns_ids);
    return UserIds{first, first, false, config.userns_ids};
}

void map_ids(pid_t pid, const UserIds& ids) {
    write_map(pid, "uid_map", ids.first_uid, ids.count);
    write_map(pid, "gid_map", ids.first_gid, ids.count);
}

bool can_map_ids(const std::string& directory) {
    const DetachedMount copy = DetachedMount::copy_of(directory);
    auto [hold, hold_end] = sys::pipe();
    const Child child = clone_process(CLONE_NEWUSER);
    if (child.pid() == 0) {
        hold_end.reset();
        char none = 0;
        (void)!read(hold.get(), &none, 1);  // until we end, however
        _exit(0);
    }
    map_ids(child.pid(), {.first_uid = kFirstId, .first_gid = kFirstId, .shifted = false});
    return copy.map_ids(sys::open(fmt::format("/proc/{}/ns/user", child.pid()), O_RDONLY));
}

std::string explain_no_mapped_ids(const std::string& directory) {
    return fmt::format(
        "user ids cannot be mapped in '{}': its file system cannot do that; move "
        "the private area to ext4, xfs or btrfs, or set USERNS=no, which makes "
        "root in the VPS root on the host",
        directory);
}

namespace {

// The kernel says it from what it knows: a FUSE or NFS server that is asked may never answer.
bool is_deleted(FdRef file) {
    struct statx status {};
    return statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK, &status) == 0 &&
           (status.stx_mask & STATX_NLINK) != 0 && status.stx_nlink == 0;
}

bool is_below(const std::string& path, const std::vector<std::string>& dirs) {
    return std::any_of(dirs.begin(), dirs.end(),
                       [&](const std::string& dir) { return path.starts_with(dir + "/"); });
}

}  // namespace

RootMounts make_root(const std::string& mount_point, const std::optional<UserIds>& ids, pid_t pid) {
    RootMounts root{DetachedMount::copy_of_tree(mount_point), {}, {}, {}};
    const bool mapped = ids && !ids->shifted;
    const Fd user_namespace =
        mapped ? sys::open(fmt::format("/proc/{}/ns/user", pid), O_RDONLY) : Fd();
    if (mapped && !root.top.map_ids(user_namespace)) {
        // A file system of the tree cannot map ids, so that the mounts are mapped one by one.
        root.top = DetachedMount::copy_of(mount_point);
        if (!root.top.map_ids(user_namespace))
            throw Error(ExitCode::CannotMount, explain_no_mapped_ids(mount_point));
        const std::vector<MountEntry> mounts = mounts_at_or_below(read_mounts(), mount_point);
        for (auto entry = mounts.begin(); entry != mounts.end(); ++entry) {
            const bool covered = std::any_of(entry + 1, mounts.end(), [&](const MountEntry& later) {
                return later.target == entry->target;
            });
            if (covered || entry->target == mount_point)
                continue;
            DetachedMount mount = DetachedMount::copy_of(entry->target);
            if (is_deleted(mount.fd()) || is_below(entry->target, root.deleted)) {
                root.deleted.push_back(entry->target);
                continue;
            }
            if (!mount.map_ids(user_namespace))
                root.plain.push_back({entry->target, entry->type});
            mount.make_slave();
            root.below.push_back({entry->target.substr(mount_point.size() + 1), std::move(mount)});
        }
    }
    root.top.make_slave();
    return root;
}

bool is_of_every_vps(const Device& device) {
    return std::any_of(kDevices.begin(), kDevices.end(), [&](const Device& one) {
        return one.block == device.block && one.major == device.major && one.minor == device.minor;
    });
}

Fd make_dev(const std::optional<UserIds>& ids, const std::vector<Device>& devices) {
    const UserIds owner = ids.value_or(UserIds{0, 0, false});
    const Fd fs(fsopen("tmpfs", FSOPEN_CLOEXEC));
    if (!fs)
        fail_to_make_dev();
    configure(fs, "mode", "0755");
    configure(fs, "size", "4m");
    configure(fs, "nr_inodes", "64k");
    configure(fs, "uid", std::to_string(owner.first_uid));
    configure(fs, "gid", std::to_string(owner.first_gid));
    if (fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
        fail_to_make_dev();
    Fd dev(fsmount(fs.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME));
    if (!dev)
        fail_to_make_dev();
    for (const Device& device : kDevices)
        (void)make_device_node(dev, device, owner);
    for (const Device& device : devices)
        if (!device.node.empty())
            (void)make_device_node(dev, device, owner);  // of every VPS, it is there
    return dev;
}

void limit_cgroups(FdRef cgroup, const VpsConfig& config) {
    const std::uint64_t most = config.numcgroup.limit;
    const std::pair<const char*, std::uint64_t> limits[]{{"cgroup.max.descendants", most},
                                                         {"cgroup.max.depth", config.cgroup_depth}};
    for (const auto& [name, number] : limits)
        sys::write_all(sys::openat(cgroup, name, O_WRONLY),
                       number > INT_MAX ? "max" : std::to_string(number), name);
}

void delegate_cgroup(FdRef cgroup, const UserIds& ids) {
    for (const char* name : {".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"})
        if (fchownat(cgroup.get(), name, ids.first_uid, ids.first_gid, 0) < 0)
            throw SysError(errno, "delegate the VPS's cgroup: change the owner of", name);
}

}  // namespace vps

#include "life/held_open.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/send_fds.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

bool has_own_users(pid_t init) {
    return sys::readlink(fmt::format("/proc/{}/ns/user", init)) !=
           sys::readlink("/proc/self/ns/user");
}

// Some file systems know no files without a name.
Fd make_nameless_file(FdRef directory) {
    Fd file(openat(directory.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    if (file || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return file;
    const std::string name = fmt::format(".systemd-vps-{}", getpid());
    file = Fd(openat(directory.get(), name.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file)
        (void)unlinkat(directory.get(), name.c_str(), 0);
    return file;
}

enum class Held { Yes, No, NeedsNone };

// A copy of the mount is opened, which is writable where the mount itself is not.
Held hold_by(const MountEntry& mount, std::vector<Fd>& held) {
    try {
        const DetachedMount copy = DetachedMount::copy_of(mount.target);
        copy.make_private();
        copy.set_attributes(0, MOUNT_ATTR_RDONLY);
        if (Fd file = make_nameless_file(copy.fd())) {
            held.push_back(std::move(file));
            return Held::Yes;
        }
        return errno == EROFS ? Held::NeedsNone : Held::No;
    } catch (const SysError&) {
        return Held::No;  // another mount of the file system may do
    }
}

// Asks in a child, the parent's (CLONE_PARENT): one that hangs in the kernel cannot be reaped.
Held hold_served(const MountEntry& mount, std::vector<Fd>& held) {
    constexpr unsigned kSeconds = 2;
    auto [ours, theirs] = sys::socketpair();
    const Child child = clone_process(CLONE_PARENT);
    if (child.pid() == 0) {
        (void)close_all_but({theirs.get()});
        std::vector<Fd> file;
        const Held result = hold_by(mount, file);
        const int fd = file.empty() ? -1 : file.front().get();
        _exit(send_fds(theirs.get(), &result, sizeof result, &fd, file.empty() ? 0 : 1));
    }
    theirs.reset();
    pollfd waiting{ours.get(), POLLIN, 0};
    Held result = Held::No;
    int fd = -1;
    if (poll(&waiting, 1, kSeconds * 1000) <= 0 ||
        receive_fds(ours.get(), &result, sizeof result, &fd, 1) !=
            static_cast<ssize_t>(sizeof result)) {
        sys::pidfd_send_signal(child.pidfd(), SIGKILL);
        return Held::No;
    }
    if (fd >= 0)
        held.emplace_back(fd);
    return result;
}

// A mount of the file system that shows a directory may lie anywhere on the host.
Held hold_device(const std::string& device, const std::vector<MountEntry>& all,
                 std::vector<Fd>& held) {
    for (const MountEntry& mount : all)
        if (mount.device == device)
            if (const Held result =
                    is_served(mount.type) ? hold_served(mount, held) : hold_by(mount, held);
                result != Held::No || is_served(mount.type))
                return result;
    return Held::No;
}

// The VPS mounts the cgroups itself, and all mounts of them are one file system.
void hold_cgroups(Veid veid, std::vector<Fd>& held) {
    held.push_back(sys::open(scope_cgroup(veid) + "/cgroup.max.depth", O_WRONLY));
}

void hold_below(const std::string& mount_point, std::vector<Fd>& held, const Log& log) {
    const std::vector<MountEntry> all = read_mounts();
    std::set<std::string> devices;
    for (const MountEntry& mount : mounts_at_or_below(all, mount_point))
        if (devices.insert(mount.device).second && hold_device(mount.device, all, held) == Held::No)
            log.say(Level::Warning,
                    fmt::format("no file can be held open on the {} at '{}': umount(2) in the VPS "
                                "can make this file system read-only on the host",
                                mount.type, mount.target));
}

}  // namespace

bool is_served(std::string_view type) {
    constexpr std::array kTypes{"autofs", "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "virtiofs"};
    return type.starts_with("fuse") ||
           std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::vector<Fd> hold_file_systems(Veid veid, const std::string& mount_point, pid_t init,
                                  const Log& log) {
    std::vector<Fd> held;
    try {
        if (!has_own_users(init)) {
            hold_cgroups(veid, held);
            hold_below(mount_point, held, log);
        }
    } catch (const SysError& error) {  // a VPS that runs already is supervised all the same
        log.say(Level::Warning,
                fmt::format("{}: umount(2) in the VPS can make file systems read-only on the host",
                            error.what()));
    }
    return held;
}

}  // namespace vps

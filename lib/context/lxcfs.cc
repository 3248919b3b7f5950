#include "context/lxcfs.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <optional>

#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/send_fds.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr const char* kMountPoint = "/var/lib/lxcfs";
constexpr const char* kType = "fuse.lxcfs";

// The files that lxcfs may serve; a version of lxcfs may lack some.
constexpr std::array kFiles{
    "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo",
    "/proc/stat",    "/proc/swaps",     "/proc/uptime",  "/sys/devices/system/cpu/online",
};

struct Answer {
    std::size_t file;  // index into kFiles; their number means the end
    int error;
};

std::optional<MountEntry> find_lxcfs() {
    // Neither asks lxcfs. Without it there is no such directory or no mount, and the list of mounts
    // is long.
    if (!Fd(open(kMountPoint, O_PATH | O_DIRECTORY | O_CLOEXEC)) || !is_mount_point(kMountPoint))
        return std::nullopt;
    const std::vector<MountEntry> mounts = read_mounts();
    const auto last = std::find_if(mounts.rbegin(), mounts.rend(), [](const MountEntry& mount) {
        return mount.target == kMountPoint;
    });
    return last != mounts.rend() && last->type == kType ? std::optional(*last) : std::nullopt;
}

// The mounts of lxcfs that the VPS has.
std::vector<MountEntry> find_files_in(pid_t init_pid) {
    std::vector<MountEntry> files = read_mounts(std::to_string(init_pid));
    std::erase_if(files, [](const MountEntry& mount) {
        return mount.type != kType ||
               std::find(kFiles.begin(), kFiles.end(), mount.target) == kFiles.end();
    });
    return files;
}

dev_t device_there() {
    struct statx found {};
    // The kernel's copy of the attributes of the FUSE root is enough.
    if (statx(AT_FDCWD, kMountPoint, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &found) < 0)
        return 0;
    return makedev(found.stx_dev_major, found.stx_dev_minor);
}

bool are_of(const std::vector<MountEntry>& files, const std::optional<MountEntry>& lxcfs) {
    return files.empty() == !lxcfs &&
           std::all_of(files.begin(), files.end(),
                       [&](const MountEntry& file) { return file.device == lxcfs->device; });
}

// Runs in a child: a process that touches lxcfs may wait for it for ever.
[[noreturn]] void send_files(FdRef channel) noexcept {
    // The VPS's lock is among the closed ones.
    (void)close_all_but({channel.get()});
    mount_attr attributes{};
    attributes.attr_set =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    attributes.propagation = MS_PRIVATE;
    for (std::size_t i = 0; i <= kFiles.size(); ++i) {
        Answer answer{i, 0};
        int mount = -1;
        if (i < kFiles.size()) {
            std::array<char, 64> path{};
            std::strcpy(path.data(), kMountPoint);
            std::strcat(path.data(), kFiles[i]);
            mount = open_tree(AT_FDCWD, path.data(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
            if (mount < 0 ||
                mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
                answer.error = errno;
        }
        const bool good = mount >= 0 && answer.error == 0;
        if (send_fds(channel.get(), &answer, sizeof answer, good ? &mount : nullptr, good ? 1 : 0))
            _exit(1);
    }
    _exit(0);
}

// Runs in a child: paths lead through mounts of the VPS, which may never answer.
[[noreturn]] void replace_files(FdRef init, const std::vector<MountEntry>& old,
                                const std::vector<LxcfsFile>& views) noexcept {
    if (setns(init.get(), CLONE_NEWNS) < 0)
        _exit(1);
    for (const MountEntry& file : old)
        (void)umount2(file.target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    for (const LxcfsFile& view : views)
        (void)move_mount(view.mount.get(), "", AT_FDCWD, view.path.c_str(),
                         MOVE_MOUNT_F_EMPTY_PATH);
    _exit(0);
}

void warn(const Log& log, const std::string& trouble) {
    log.say(Level::Warning,
            fmt::format("lxcfs {}: /proc/meminfo and the like show the host's in the VPS; restart "
                        "lxcfs",
                        trouble));
}

}  // namespace

LxcfsPlace look_for_lxcfs() {
    // The device is read first, so that a mount that takes its place afterwards is noticed later.
    const dev_t device = device_there();
    return {device, find_lxcfs().has_value()};
}

bool is_still(const LxcfsPlace& place) {
    return device_there() == place.device;
}

std::vector<LxcfsFile> open_lxcfs(const Log& log) {
    std::vector<LxcfsFile> files;
    if (!find_lxcfs())
        return files;
    auto [ours, theirs] = sys::socketpair();
    // The child is the parent's (CLONE_PARENT), not this process's: a child that hangs in the
    // kernel cannot be reaped, and a start that fails waits for all its children.
    const Child child = clone_process(CLONE_PARENT);
    if (child.pid() == 0)
        send_files(theirs);
    theirs.reset();
    for (const Deadline deadline = deadline_after(kLxcfsSeconds);;) {
        pollfd waiting{ours.get(), POLLIN, 0};
        const int ready = poll(&waiting, 1, milliseconds_until(deadline));
        if (ready < 0 && errno == EINTR)
            continue;
        Answer answer{};
        int fd = -1;
        if (ready <= 0 || receive_fds(ours.get(), &answer, sizeof answer, &fd, 1) !=
                              static_cast<ssize_t>(sizeof answer)) {
            sys::pidfd_send_signal(child.pidfd(), SIGKILL);
            warn(log, fmt::format("does not answer within {} seconds", kLxcfsSeconds));
            return {};
        }
        Fd mount(fd);
        if (answer.file >= kFiles.size())
            return files;
        if (answer.error != 0 && answer.error != ENOENT) {
            sys::pidfd_send_signal(child.pidfd(), SIGKILL);
            warn(log, fmt::format("is of no use: {}", std::strerror(answer.error)));
            return {};
        }
        if (mount)
            files.push_back({kFiles[answer.file], std::move(mount)});
    }
}

void renew_lxcfs(FdRef init, pid_t init_pid, const Log& log) {
    const std::vector<MountEntry> old = find_files_in(init_pid);
    if (are_of(old, find_lxcfs()))
        return;
    const std::vector<LxcfsFile> views = open_lxcfs(log);
    const Child child = clone_process(CLONE_PARENT);  // as above
    if (child.pid() == 0)
        replace_files(init, old, views);
    if (!wait_for_end(child.pidfd(), deadline_after(kLxcfsSeconds)))
        sys::pidfd_send_signal(child.pidfd(), SIGKILL);
    const std::vector<MountEntry> now = find_files_in(init_pid);
    if (now.size() == views.size() && (now.empty() || are_of(now, find_lxcfs())))
        log.say(Level::Info, fmt::format("{} files of lxcfs were taken away, {} mounted",
                                         old.size(), now.size()));
    else
        log.say(Level::Warning, "the files of lxcfs could not be renewed; restart the VPS");
}

}  // namespace vps

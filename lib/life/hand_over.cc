#include "life/hand_over.hh"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "context/become_init.hh"
#include "sys/error.hh"
#include "sys/send_fds.hh"
#include "sys/within.hh"

namespace vps {

static void send_mount(FdRef channel, const void* data, std::size_t size, FdRef mount) {
    const int fd = mount.get();
    if (const int error = send_fds(channel.get(), data, size, &fd, 1))
        throw SysError(error, "hand over the root to the VPS's first process");
}

// File systems of the kernel or of the host's services are nobody's files, and meant to be.
static bool is_of_kernel(std::string_view type) {
    constexpr std::array kTypes{"proc",    "sysfs",   "cgroup2", "cgroup",     "devpts",  "mqueue",
                                "debugfs", "tracefs", "bpf",     "securityfs", "efivarfs"};
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::string explain_nobodys(const std::string& target, std::string_view type,
                            std::uint32_t first_id) {
    const std::string what =
        fmt::format("user ids cannot be mapped in '{}' ({}): what is there is nobody's in the VPS",
                    target, type);
    if (is_of_kernel(type))
        return what;
    if (type == "ext3" || type == "ext2")
        return what + "; mount it with the type ext4, whose driver is the same and can do it";
    if (type.starts_with("nfs"))
        return what +
               "; let the NFS server give all to one user (all_squash,anonuid=,anongid= in "
               "its exports), or set USERNS=no";
    return what + fmt::format(
                      "; mount it with the options uid={0},gid={0} where it knows these, "
                      "move the files to ext4, xfs or btrfs, or set USERNS=no",
                      first_id);
}

void hand_over_root(FdRef channel, const VpsState& state, const std::optional<UserIds>& ids,
                    const std::vector<Device>& devices, const std::vector<LxcfsFile>& views,
                    const std::function<void(FdRef)>& add_to_dev, pid_t pid, const Log& log) {
    if (ids)
        within({"map the user ids of the VPS"}, [&] { map_ids(pid, *ids); });
    const RootMounts root = make_root(state.mount_point, ids, pid);
    const SetupRoot message{SetupSignal::Root, root.below.size(), views.size()};
    send_mount(channel, &message, sizeof message, root.top.fd());
    for (const RootMounts::Below& below : root.below)
        send_mount(channel, below.path.c_str(), below.path.size() + 1, below.mount.fd());
    for (const LxcfsFile& view : views)
        send_mount(channel, view.path.c_str(), view.path.size() + 1, view.mount);
    // The first process mounts its root while the supervisor makes /dev.
    const Fd dev = make_dev(ids, devices);
    add_to_dev(dev);
    send_mount(channel, kDev, sizeof kDev, dev);
    for (const RootMounts::PlainMount& mount : root.plain)
        log.say(Level::Warning, explain_nobodys(mount.target, mount.type, ids->first_uid));
    if (!root.deleted.empty())
        log.say(Level::Warning,
                fmt::format("what is mounted on {} has been deleted on the host: the "
                            "VPS does not see it",
                            fmt::join(root.deleted, ", ")));
}

std::optional<Fd> receive_report(FdRef channel) {
    ChildReport report{};
    int fd = -1;
    ssize_t got = receive_fds(channel.get(), &report, sizeof report, &fd, 1);
    // ECONNRESET: the first process ended before it had read everything. The socket tells so once,
    // before the report.
    if (got < 0 && errno == ECONNRESET)
        got = receive_fds(channel.get(), &report, sizeof report, &fd, 1);
    if (got < 0)
        throw SysError(errno, "hear from the VPS's first process");
    if (got == 0)
        return std::nullopt;
    if (report.error != 0)
        throw failure_of(report, kSetupSteps, "make the VPS context");
    return fd < 0 ? std::nullopt : std::optional(Fd(fd));
}

void send_go(FdRef channel, const Fd& launcher) {
    const auto signal = SetupSignal::Go;
    const int fd = launcher.get();
    if (const int error = send_fds(channel.get(), &signal, sizeof signal, &fd, 1))
        throw SysError(error, "wake the VPS's first process");
}

void throw_root_cause(FdRef channel) {
    pollfd waiting{channel.get(), POLLIN, 0};
    if (poll(&waiting, 1, 0) > 0)
        (void)receive_report(channel);
    throw;
}

}  // namespace vps

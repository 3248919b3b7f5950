#include "life/hand_over.hh"

#include <fmt/format.h>
#include <poll.h>

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
    if (!root.plain.empty())
        log.say(Level::Info,
                fmt::format("user ids cannot be mapped in {}: what is there is nobody's in the VPS",
                            fmt::join(root.plain, ", ")));
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

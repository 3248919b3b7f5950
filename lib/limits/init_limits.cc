#include "limits/init_limits.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <string>

#include "limits/slice_limits.hh"
#include "sys/acting_as.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

static rlim_t amount_of(std::uint64_t number, std::uint64_t unit) {
    return is_limit(number) ? number * unit : RLIM_INFINITY;
}

static void plan_limit(rlimit& limit, const std::optional<BarrierLimit>& pair, std::uint64_t unit,
                       rlim_t most) {
    if (!pair || !is_limit(pair->limit))
        return;
    limit.rlim_max = std::min(amount_of(pair->limit, unit), most);
    limit.rlim_cur = std::min(amount_of(pair->barrier, unit), limit.rlim_max);
}

InitLimits plan_init_limits(const VpsConfig& config, const InitLimits& ours,
                            std::uint64_t nr_open) {
    InitLimits limits = ours;
    plan_limit(limits[0], config.numfile, 1, nr_open);
    plan_limit(limits[1], config.numsiginfo, 1, RLIM_INFINITY);
    plan_limit(limits[2], config.lockedpages, kPage, RLIM_INFINITY);
    return limits;
}

InitLimits limits_of_visitor(InitLimits limits) {
    constexpr rlim_t kFiles = 64;
    rlimit& files = limits[0];
    files.rlim_cur = std::max(files.rlim_cur, kFiles);
    files.rlim_max = std::max(files.rlim_max, kFiles);
    return limits;
}

// Calls prlimit(2), which returns an errno here. The host's root needs CAP_SYS_RESOURCE for a
// process of a VPS; where it lacks that (in a container), the owner of the process's user namespace
// does not.
static int limit_process(pid_t pid, const std::function<int()>& call) {
    const int error = call();
    if (error != EPERM || pid == 0)
        return error;
    const ActingAs owner(find_root_id(pid));
    return call();
}

InitLimits read_init_limits(pid_t pid) {
    InitLimits limits{};
    const int error = limit_process(pid, [&] {
        for (std::size_t i = 0; i < limits.size(); ++i)
            if (prlimit(pid, kInitResources[i], nullptr, &limits[i]) < 0)
                return errno;
        return 0;
    });
    if (error)
        throw SysError(error, "read the resource limits of process", std::to_string(pid));
    return limits;
}

int set_init_limits(pid_t pid, const InitLimits& limits) noexcept {
    for (std::size_t i = 0; i < limits.size(); ++i)
        if (prlimit(pid, kInitResources[i], &limits[i], nullptr) < 0)
            return errno;
    return 0;
}

// The file belongs to the host's root before Linux 6.9, since then to root of the namespace, who
// the caller then stays: the kernel asks again at each write.
static int open_shmall_in(int proc, uid_t root) noexcept {
    constexpr const char* kFile = "sys/kernel/shmall";
    const int file = openat(proc, kFile, O_WRONLY | O_CLOEXEC);
    if (file >= 0 || errno != EACCES || seteuid(root) < 0)
        return file;
    return openat(proc, kFile, O_WRONLY | O_CLOEXEC);
}

// A host that is a container itself has /proc/sys mounted read-only; a /proc that is mounted anew,
// and nowhere, is not.
static int open_shmall(uid_t root) noexcept {
    const int file = open_shmall_in(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), root);
    if (file >= 0 || errno != EROFS)
        return file;
    const int fs = seteuid(0) == 0 ? fsopen("proc", FSOPEN_CLOEXEC) : -1;
    const bool made = fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
    const int proc = made ? fsmount(fs, FSMOUNT_CLOEXEC, 0) : -1;
    if (proc >= 0)
        return open_shmall_in(proc, root);
    errno = EROFS;  // whatever has kept the other way shut
    return -1;
}

// /proc/sys/kernel shows the ipc namespace of the process that opens it.
static void set_shmall(FdRef init, pid_t pid, const std::string& pages) {
    const uid_t root = find_root_id(pid);
    Child writer = clone_process();
    if (writer.pid() == 0) {
        if (setns(init.get(), CLONE_NEWIPC) < 0)
            _exit(errno);
        const int file = open_shmall(root);
        if (file < 0 || write(file, pages.data(), pages.size()) < 0)
            _exit(errno);
        _exit(0);
    }
    const std::optional<ExitStatus> ended = writer.wait();
    if (ended && !ended->success())
        throw SysError(ended->code, "set the VPS's", "kernel.shmall");
}

void apply_init_limits(FdRef init, pid_t pid, const VpsConfig& config, const Log& log) {
    const InitLimits limits = plan_init_limits(config, read_init_limits(0),
                                               std::stoull(sys::read_file("/proc/sys/fs/nr_open")));
    if (const int error = limit_process(pid, [&] { return set_init_limits(pid, limits); }))
        throw SysError(error, "limit process", std::to_string(pid));
    if (!config.shmpages)
        return;
    constexpr std::uint64_t kKernelsDefault = UINT64_MAX - (1ull << 24);
    const auto pages = config.shmpages->limit;
    try {
        set_shmall(init, pid, std::to_string(is_limit(pages) ? pages : kKernelsDefault));
    } catch (const SysError& error) {
        if (error.errnum() != EROFS)
            throw;
        log.say(Level::Warning,
                fmt::format("{}: is this host a container? SHMPAGES does not limit the VPS; its "
                            "memory limit counts shared memory, too",
                            error.what()));
    }
}

std::uint64_t most_terminals(const VpsConfig& config) {
    constexpr std::uint64_t kMost = 1 << 20;  // NR_UNIX98_PTY_MAX
    if (!config.numpty || config.numpty->limit >= kMost)
        return 0;
    return config.numpty->limit + 1;
}

}  // namespace vps

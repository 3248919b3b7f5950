#include "manage/console_kill.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "context/running_vps.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

// A file as the kernel knows it, without a question to whoever serves its file system.
struct FileId {
    unsigned major = 0, minor = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileId&) const = default;
};

std::optional<FileId> find_terminal(const std::string& path) {
    struct statx status {};
    if (statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &status) < 0 ||
        !S_ISCHR(status.stx_mode))
        return std::nullopt;
    return FileId{status.stx_dev_major, status.stx_dev_minor, status.stx_ino};
}

// The console that init was started on: nobody else can change what init has open.
std::optional<FileId> find_console(pid_t init) {
    for (const char* fd : {"0", "1", "2"})
        if (const auto terminal = find_terminal(fmt::format("/proc/{}/fd/{}", init, fd)))
            return terminal;
    return find_terminal(fmt::format("/proc/{}/root/dev/console", init));
}

bool has_open(pid_t pid, const FileId& console) {
    const std::string dir = fmt::format("/proc/{}/fd/", pid);
    Directory files(dir);
    while (const dirent* entry = files.next())
        if (entry->d_name[0] != '.' && find_terminal(dir + entry->d_name) == console)
            return true;
    return false;
}

void collect_processes(const std::string& cgroup, std::vector<pid_t>& pids) {
    for (const pid_t pid : processes_in(cgroup))
        pids.push_back(pid);
    std::error_code none;  // a cgroup that goes has no processes
    for (const auto& entry : std::filesystem::directory_iterator(cgroup, none))
        if (entry.is_directory(none))
            collect_processes(entry.path().string(), pids);
}

// The handle is taken before the look, so that no other process with the number is killed.
bool kill_if_on(pid_t pid, const FileId& console) {
    try {
        const Fd process = sys::pidfd_open(pid);
        if (!has_open(pid, console))
            return false;
        sys::pidfd_send_signal(process, SIGKILL);
        return true;
    } catch (const SysError&) {
        return false;  // it has ended
    }
}

}  // namespace

std::size_t kill_on_console(Veid veid) {
    const FoundVps vps = find_vps(veid);
    const auto console = vps.init ? find_console(vps.state->init_pid) : std::nullopt;
    if (!console)
        return 0;
    std::vector<pid_t> pids;
    collect_processes(scope_cgroup(veid), pids);
    std::size_t killed = 0;
    for (const pid_t pid : pids)
        if (pid != vps.state->init_pid && kill_if_on(pid, *console))
            ++killed;
    return killed;
}

}  // namespace vps

#include "systemd/cgroup.hh"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sstream>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/unit_name.hh"

namespace vps {

std::string cgroup_of(const std::string& pid) {
    const std::string text = sys::read_file("/proc/" + pid + "/cgroup");
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        if (text.compare(at, 3, "0::") == 0)
            return text.substr(at + 3, text.find('\n', at) - at - 3);
    throw Error(ExitCode::System, "'/proc/" + pid + "/cgroup': no unified cgroup");
}

std::string slice_cgroup(Veid veid, const std::string& all) {
    return all + "/" + slice_unit(veid);
}

std::string scope_cgroup(Veid veid, const std::string& all) {
    return slice_cgroup(veid, all) + "/" + scope_unit(veid);
}

std::vector<pid_t> processes_in(const std::string& cgroup) {
    std::vector<pid_t> pids;
    try {
        std::istringstream lines(sys::read_file(cgroup + "/cgroup.procs"));
        for (pid_t pid = 0; lines >> pid;)
            if (pid > 0)  // 0: a process that our pid namespace does not know
                pids.push_back(pid);
    } catch (const SysError& error) {
        // EOPNOTSUPP: a threaded cgroup, whose processes the domain above it lists (cgroups(7)).
        if (error.errnum() != ENOENT && error.errnum() != ENODEV && error.errnum() != EOPNOTSUPP)
            throw;
    }
    return pids;
}

std::optional<bool> is_populated(FdRef events) {
    char text[64];
    const ssize_t length = pread(events.get(), text, sizeof text, 0);
    if (length <= 0)
        return std::nullopt;
    const std::string_view words(text, static_cast<std::size_t>(length));
    return words.find("populated 1") != words.npos;
}

bool host_has_controller(std::string_view name, const std::string& top) {
    try {
        std::string names = " " + sys::read_file(top + "/cgroup.controllers");
        names.back() = ' ';  // of the line's end
        return names.find(fmt::format(" {} ", name)) != names.npos;
    } catch (const SysError&) {
        return true;
    }
}

bool in_service(const std::string& unit) {
    try {
        return cgroup_of().ends_with("/" + unit);
    } catch (const SysError&) {
        throw;
    } catch (const Error&) {
        return false;  // a host without unified cgroups, which require_unified_cgroups() refuses
    }
}

void require_unified_cgroups() {
    struct statfs fs {};
    if (statfs("/sys/fs/cgroup", &fs) < 0)
        throw SysError(errno, "look at", "/sys/fs/cgroup");
    if (fs.f_type != CGROUP2_SUPER_MAGIC)
        throw Error(ExitCode::System,
                    "this host does not run the unified cgroup hierarchy (cgroup v2); boot it with "
                    "systemd.unified_cgroup_hierarchy=1 on the kernel command line");
}

}  // namespace vps

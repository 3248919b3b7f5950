#include "context/entry_cgroup.hh"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

constexpr std::string_view kAside = "vps-enter-";

Fd open_cgroup(const std::string& dir) {
    return sys::open(dir, O_RDONLY | O_DIRECTORY);
}

// Removes the cgroups that earlier entries have left, and that are empty by now.
void remove_asides(const std::string& scope_dir) {
    std::error_code ignored;  // one is in use, or the VPS has removed it
    for (const auto& entry : std::filesystem::directory_iterator(scope_dir, ignored))
        if (entry.path().filename().string().starts_with(kAside))
            (void)rmdir(entry.path().c_str());
}

Fd make_aside(const std::string& scope_dir) {
    remove_asides(scope_dir);
    const std::string most = scope_dir + "/cgroup.max.descendants";
    const std::string limit = sys::read_line(most);
    const std::string dir = scope_dir + "/" + std::string(kAside) + std::to_string(getpid());
    const auto set_limit = [&](const std::string& text) {
        sys::write_all(sys::open(most, O_WRONLY), text, most);
    };
    const auto make = [&] { return mkdir(dir.c_str(), 0755) < 0 && errno != EEXIST ? errno : 0; };
    int error = make();
    if (error == EAGAIN) {  // the VPS has as many cgroups as it may have
        set_limit("max");
        const Undo restore([&] { set_limit(limit); });
        error = make();
    }
    if (error != 0)
        throw SysError(error, "make cgroup", dir);
    return open_cgroup(dir);
}

bool is_gone(const SysError& error) {
    return error.errnum() == ENOENT || error.errnum() == ESRCH;
}

Child clone_into(const Fd& cgroup) {
    return clone_process(CLONE_INTO_CGROUP, cgroup);
}

}  // namespace

Child clone_into_vps(pid_t init, const std::string& scope_dir) {
    std::string name;
    try {
        name = cgroup_of(std::to_string(init));
        return clone_into(open_cgroup("/sys/fs/cgroup" + name));
    } catch (const SysError& error) {
        if (is_gone(error) && name.empty())
            throw;
    }
    try {
        return clone_into(open_cgroup(scope_dir));
    } catch (const SysError& error) {
        if (is_gone(error))
            throw;
    }
    return clone_into(make_aside(scope_dir));
}

}  // namespace vps

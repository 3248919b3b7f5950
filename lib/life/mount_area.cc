#include "life/mount_area.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "ploop/area_kind.hh"
#include "ploop/mount_disk.hh"
#include "quota/disk_quota.hh"
#include "state/directories.hh"
#include "state/place.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

// The words ", it leads to '/srv/disk2/101' by a symbolic link", or none where there is no link.
std::string describe_links(const std::string& path) {
    if (access(path.c_str(), F_OK) < 0 && errno == ELOOP)
        return "; its symbolic links lead to one another";
    const std::vector<std::string> places = FollowedLinks().of(path);
    return places.empty()
               ? std::string()
               : fmt::format("; it leads to '{}' by {}symbolic link{}", places.back(),
                             places.size() > 1 ? "" : "a ", places.size() > 1 ? "s" : "");
}

[[noreturn]] void refuse_mounted(const std::string& mount_point) {
    if (const std::optional<Veid> other = find_mounted_on(mount_point))
        throw Error(
            ExitCode::Mounted,
            fmt::format("the directory '{}' is the root of VPS {}; change VE_ROOT of one of "
                        "the two, or stop that one",
                        mount_point, other->to_string()));
    throw Error(ExitCode::Mounted,
                fmt::format("something is mounted on '{0}' already; dismount it first (umount -R "
                            "'{0}')",
                            mount_point));
}

void refuse_problem(const VpsConfig& config, const std::optional<ConfigProblem>& problem) {
    if (problem)
        throw Error(ExitCode::BadValue, config.tell(*problem));
}

// Mount options of the host's file system are no word about the VPS: /vz noexec, nosuid or nodev
// (fstab of a hardened host) would leave it without programs, su or device nodes. VE_ROOT is for
// root alone on the host.
void mount_area(const VpsState& state, const Log& log) {
    struct Option {
        unsigned long flag;
        std::uint64_t attribute;
        const char* name;
    };
    struct statvfs status {};
    if (statvfs(state.ve_private.c_str(), &status) < 0)
        throw SysError(errno, "look at", state.ve_private);
    BindSpec bind{.source = state.ve_private, .target = state.mount_point};
    std::vector<std::string> names;
    for (const auto& [flag, attribute, name] : {Option{ST_NOEXEC, MOUNT_ATTR_NOEXEC, "noexec"},
                                                Option{ST_NOSUID, MOUNT_ATTR_NOSUID, "nosuid"},
                                                Option{ST_NODEV, MOUNT_ATTR_NODEV, "nodev"}})
        if (status.f_flag & flag) {
            bind.clear |= attribute;
            names.emplace_back(name);
        }
    bind_mount(bind).keep();
    if (!names.empty())
        log.say(Level::Warning,
                fmt::format("the file system of '{}' is mounted with the option{} {}; the VPS's "
                            "own mount is without",
                            state.ve_private, names.size() > 1 ? "s" : "", fmt::join(names, ", ")));
}

}  // namespace

void require_private_area(const VpsConfig& config) {
    struct stat status {};
    if (stat(config.ve_private->c_str(), &status) < 0)
        throw Error(ExitCode::NoPrivateArea,
                    fmt::format("the private area '{}' does not exist{}", *config.ve_private,
                                describe_links(*config.ve_private)));
    if (!S_ISDIR(status.st_mode))
        throw Error(ExitCode::NoPrivateArea,
                    fmt::format("the private area '{}' is no directory{}; VE_PRIVATE names the "
                                "directory of the VPS's files",
                                *config.ve_private, describe_links(*config.ve_private)));
    refuse_problem(config, HostPlaces().find_area_problem(config));
}

std::string make_mount_point(const VpsConfig& config, const Log& log) {
    refuse_problem(config, HostPlaces().find_root_problem(config));
    struct stat status {};
    if (stat(config.ve_root->c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
        throw Error(ExitCode::CannotMount,
                    fmt::format("VE_ROOT '{}' is no directory; remove it, or change VE_ROOT",
                                *config.ve_root));
    const std::string mount_point = within({"VE_ROOT", ExitCode::CannotMount}, [&] {
        sys::mkdir_all(*config.ve_root, 0755);
        return sys::realpath(*config.ve_root);
    });
    if (is_mount_point(mount_point))
        refuse_mounted(mount_point);
    if (holds_files(mount_point))
        log.say(Level::Warning,
                fmt::format("VE_ROOT '{}' holds files, which nobody sees while the VPS is mounted "
                            "there",
                            mount_point));
    return mount_point;
}

void mount_private_area(Veid veid, const VpsLock& lock, VpsState& state, const VpsConfig& config,
                        const TerminationRequest& request, const Log& log) {
    const Fd area = sys::open(state.ve_private, O_PATH | O_DIRECTORY);
    const DiskMaker maker = find_disk_maker(area);
    if (find_area_kind(config, maker, state.ve_private) == AreaKind::Files) {
        if (const auto why = explain_disk_of_vps(config, maker, state.ve_private))
            log.say(Level::Warning, *why);
        mark_as_files(area);
        apply_disk_quota(veid, config, PrivateArea::Idle, log);
        mount_area(state, log);
        return;
    }
    const auto note = [&](const std::string& image) {
        state.image = image;
        lock.write_state(state);
    };
    mount_disk(
        {veid, state.ve_private, state.mount_point, config.mount_options, request.fd(), note}, log);
}

}  // namespace vps

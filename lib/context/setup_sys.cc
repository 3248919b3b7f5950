#include "context/setup_sys.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <array>

#include "context/setup_mount.hh"

namespace vps {

namespace {

constexpr ApiMount kSys{"sysfs", "/sys", kNoProgram, nullptr, 0555};
constexpr ApiMount kCgroup{"cgroup2", "/sys/fs/cgroup", kNoProgram, nullptr, 0555};
// A systemd before 230 finds its cgroups mounted already (named_hierarchy.hh).
constexpr std::array kOldCgroups{
    ApiMount{"tmpfs", "/sys/fs/cgroup", kNoProgram, "mode=755", 0555},
    ApiMount{"cgroup", "/sys/fs/cgroup/systemd", kNoProgram, "none,name=systemd,xattr", 0755},
};

}  // namespace

int make_sys(ContextSetup& setup) noexcept {
    return make_detached(kSys, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV, setup.sys);
}

int mount_sys(ContextSetup& setup) noexcept {
    return attach_detached(kSys, setup.sys);
}

int make_cgroup_namespace(ContextSetup& setup) noexcept {
    if (unshare(CLONE_NEWCGROUP) < 0)
        return errno;
    if (!setup.named_hierarchy)
        return mount_api(kCgroup);
    for (const ApiMount& spec : kOldCgroups)
        if (const int error = mount_api(spec))
            return error;
    return 0;
}

int protect_sys(ContextSetup&) noexcept {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    return result_of(mount_setattr(AT_FDCWD, "/sys", 0, &attributes, sizeof attributes));
}

}  // namespace vps

#include "manage/new_area.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "manage/remove_tree.hh"
#include "manage/unpack.hh"
#include "manage/vzctl_code.hh"
#include "ploop/area_kind.hh"
#include "quota/disk_quota.hh"
#include "snapshot/snapshot_store.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace fs = std::filesystem;

void require_clear_place(const std::string& area) {
    struct stat status {};
    if (stat(area.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
        is_mount_point(sys::realpath(area)))
        throw Complaint(
            vzctl_code::kAreaExists,
            fmt::format("a file system is mounted on '{0}': dismount it, make the VPS, mount it "
                        "elsewhere, and copy '{0}' into it",
                        area));
    std::error_code none;  // what is there is told by others
    const bool is_there = lstat(area.c_str(), &status) == 0 && !fs::is_empty(area, none);
    const std::string snapshots = snapshots_of(area);
    if (!is_there && lstat(snapshots.c_str(), &status) == 0)
        throw Complaint(vzctl_code::kAreaExists,
                        fmt::format("'{}' has snapshots of a private area that is gone, and the "
                                    "new one would have them: remove it, or bring that area back",
                                    snapshots));
}

void make_area(const Call& call, const VpsConfig& config, const std::string& tarball,
               const std::string& dir) {
    if (mkdir(dir.c_str(), 0700) < 0)
        throw SysError(errno, "make", dir, vzctl_code::kNoArea);
    Undo remove([&] { remove_tree(dir); });
    VpsConfig as_if = config;
    as_if.ve_private = dir;
    apply_disk_quota(call.veid, as_if, PrivateArea::Idle, Log("vzctl", call.veid));
    unpack_template(call, config, tarball, dir);
    if (chmod(dir.c_str(), 0755) < 0)
        throw SysError(errno, "change the mode of", dir, vzctl_code::kNoArea);
    call.talk.tell("Performing postcreate actions");
    make_unique(dir);
    mark_as_files(sys::open(dir, O_PATH | O_DIRECTORY));  // whatever the tarball has of a disk
    remove.keep();
}

}  // namespace vps

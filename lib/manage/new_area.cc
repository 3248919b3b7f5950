#include "manage/new_area.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "manage/remove_tree.hh"
#include "manage/unpack.hh"
#include "manage/vzctl_code.hh"
#include "ploop/area_kind.hh"
#include "quota/disk_quota.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

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

#include "state/running_mark.hh"

#include <unistd.h>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

static std::string mark_of(Veid veid, const std::string& dir) {
    return dir + "/" + veid.to_string();
}

bool note_running(Veid veid, const std::string& dir) {
    const std::string path = mark_of(veid, dir);
    const auto make = [&] {
        return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    };
    Fd mark = make();
    if (!mark && errno == ENOENT) {
        sys::mkdir_all(dir, 0755);
        mark = make();
    }
    if (!mark && errno != EEXIST)
        throw SysError(errno, "make", path);
    return static_cast<bool>(mark);
}

void sync_running(const std::string& dir) {
    sys::sync_directory(dir);
}

bool is_noted_running(Veid veid, const std::string& dir) {
    return faccessat(AT_FDCWD, mark_of(veid, dir).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void forget_running(Veid veid, const std::string& dir) {
    if (sys::unlink_if_there(mark_of(veid, dir)))
        sync_running(dir);
}

}  // namespace vps

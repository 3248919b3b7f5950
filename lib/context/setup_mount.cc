#include "context/setup_mount.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "sys/send_fds.hh"

namespace vps {

int make_directory(const char* path, mode_t mode) noexcept {
    return mkdir(path, mode) < 0 && errno != EEXIST ? errno : 0;
}

int mount_api(const ApiMount& spec) noexcept {
    if (const int error = make_directory(spec.target, spec.mode))
        return error;
    return result_of(mount(spec.type, spec.target, spec.type, spec.flags, spec.options));
}

int make_detached(const ApiMount& spec, std::uint64_t attributes, int& made) noexcept {
    const int fs = static_cast<int>(syscall(SYS_fsopen, spec.type, FSOPEN_CLOEXEC));
    if (fs < 0)
        return errno;
    int error = result_of(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    if (error == 0) {
        made = static_cast<int>(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
        error = result_of(made);
    }
    close(fs);
    return error;
}

int attach_detached(const ApiMount& spec, int& made) noexcept {
    if (const int error = make_directory(spec.target, spec.mode))
        return error;
    const int error = result_of(syscall(SYS_move_mount, made, "", AT_FDCWD, spec.target,
                                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS));
    close(made);
    made = -1;
    return error;
}

int attach_received(ContextSetup& setup, int dir) noexcept {
    char path[PATH_MAX];
    int mount = -1;
    const ssize_t length = receive_fds(setup.channel, path, sizeof path, &mount, 1);
    if (length < 0)
        return errno;
    if (length == 0 || path[length - 1] != '\0' || mount < 0)
        return ECANCELED;
    const int error =
        result_of(syscall(SYS_move_mount, mount, "", dir, path, MOVE_MOUNT_F_EMPTY_PATH));
    close(mount);
    return error;
}

}  // namespace vps

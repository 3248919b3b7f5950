#include "manage/unpack.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>

#include "config/vps_name.hh"
#include "context/vps_root.hh"
#include "manage/call.hh"
#include "manage/vzctl_code.hh"
#include "state/id_range.hh"
#include "state/state.hh"
#include "sys/directory.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

struct Packing {
    std::string_view suffix;
    const char* option;  // of tar
};
constexpr std::array kPackings{Packing{".tar", nullptr}, Packing{".tar.gz", "--gzip"},
                               Packing{".tar.xz", "--xz"}, Packing{".tar.zst", "--zstd"},
                               Packing{".tar.bz2", "--bzip2"}};

const char* option_for(const std::string& tarball) {
    const char* option = nullptr;
    for (const Packing& packing : kPackings)
        if (tarball.ends_with(packing.suffix))
            option = packing.option;
    return option;
}

std::vector<std::string> tar_words(const std::string& tarball) {
    std::vector<std::string> words{"tar",
                                   "--extract",
                                   "--file=-",
                                   "--sparse",
                                   "--preserve-permissions",
                                   "--same-owner",
                                   "--numeric-owner",
                                   "--xattrs",
                                   "--xattrs-include=*",
                                   "--anchored",
                                   "--exclude=./dev/*",
                                   "--exclude=dev/*"};
    if (const char* option = option_for(tarball))
        words.emplace_back(option);
    return words;
}

// The step at which the child failed, as its exit code; tar's own codes are below.
constexpr int kNoMount = 120, kNoIds = 121, kNoTar = 127;

// The child is still the host's root by its user id, so that it finds the area, but without any
// capability over the host.
[[noreturn]] void become_tar(FdRef go, FdRef area_mount, FdRef tarball, const std::string& area,
                             char* const* argv) noexcept {
    char byte = 0;
    if (read(go.get(), &byte, 1) != 1)
        _exit(kNoIds);
    mount_attr read_only{};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
        mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof read_only) < 0 ||
        move_mount(area_mount.get(), "", AT_FDCWD, area.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        chdir(area.c_str()) < 0)
        _exit(kNoMount);
    if (setgroups(0, nullptr) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        _exit(kNoIds);
    reset_signals();
    (void)umask(0);
    if (dup2(tarball.get(), STDIN_FILENO) >= 0)
        execv("/bin/tar", argv);
    _exit(kNoTar);
}

std::string explain(const ExitStatus& status) {
    if (status.code == kNoMount)
        return "its directory cannot be mounted for the ids of the VPS";
    if (status.code == kNoIds)
        return "the ids of the VPS cannot be taken";
    if (status.code == kNoTar)
        return "there is no /bin/tar";
    return "tar ends with " + status.to_string();
}

// The ids of files on disk are those of the VPS, unless LOCAL_UID shifts them.
UserIds ids_for(Veid veid, const VpsConfig& config, std::optional<std::uint32_t>& claimed) {
    if (config.local_uid && *config.local_uid != 0)
        return {*config.local_uid, config.local_gid.value_or(*config.local_uid), true};
    claimed = claim_ids(veid, ids_of_processes());
    return {*claimed, *claimed, false};
}

// The child and the programs that it calls read the tarball by our open file, whose place thus
// tells how far they are. Returns nothing where `request` came first.
std::optional<ExitStatus> wait_for_tar(Child& child, FdRef tarball,
                                       const TerminationRequest& request, const Talk& talk) {
    sys::ProgressLine line("Unpacking the template");
    if (!line.is_shown() || talk.is_quiet())
        return child.wait({}, request.fd());
    struct stat file {};
    if (fstat(tarball.get(), &file) < 0)
        throw SysError(errno, "look at", "the tarball");
    for (;;) {
        const Deadline moment = std::chrono::steady_clock::now() + sys::ProgressLine::kPause;
        if (const std::optional<ExitStatus> ended = child.wait(moment, request.fd()))
            return ended;
        if (request.came())
            return std::nullopt;
        const off_t place = lseek(tarball.get(), 0, SEEK_CUR);
        line.tell_bytes(static_cast<std::uint64_t>(std::max<off_t>(place, 0)),
                        static_cast<std::uint64_t>(file.st_size));
    }
}

void run_tar(const UserIds& ids, const std::string& tarball, const std::string& area,
             const Talk& talk) {
    const std::vector<std::string> words = tar_words(tarball);
    const std::vector<char*> argv = pointers_to(words);
    const Fd file = sys::open(tarball, O_RDONLY);
    const DetachedMount copy = DetachedMount::copy_of(area);
    auto [go, go_end] = sys::pipe();
    TerminationRequest request;
    Child child = clone_process(CLONE_NEWUSER | CLONE_NEWNS);
    if (child.pid() == 0) {
        go_end.reset();
        become_tar(go, copy.fd(), file, area, argv.data());
    }
    map_ids(child.pid(), ids);
    const Fd user_namespace = sys::open(fmt::format("/proc/{}/ns/user", child.pid()), O_RDONLY);
    if (!ids.shifted && !copy.map_ids(user_namespace))
        throw Error(
            vzctl_code::kNoArea,
            fmt::format("user ids cannot be mapped in '{}': its file system cannot do that", area));
    sys::write_all(go_end, "g", "the pipe to tar");
    const std::optional<ExitStatus> ended = wait_for_tar(child, file, request, talk);
    if (!ended)
        throw Error(vzctl_code::kNoArea, "told to end before the template was unpacked");
    if (!ended->success())
        throw Error(vzctl_code::kNoArea,
                    fmt::format("unpacking '{}': {}", tarball, explain(*ended)));
}

void remove_host_keys(FdRef etc) {
    Directory names(Fd(openat(etc.get(), "ssh", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    while (const dirent* entry = names.next())
        if (std::string_view(entry->d_name).starts_with("ssh_host_"))
            (void)unlinkat(names.fd().get(), entry->d_name, 0);  // a directory is no key
}

}  // namespace

std::string find_template(const std::string& dir, const std::string& name) {
    const std::string start = fmt::format("{}/cache/{}", dir, name);
    if (is_link_name(name))
        for (const Packing& packing : kPackings)
            if (const std::string path = start + std::string(packing.suffix);
                access(path.c_str(), R_OK) == 0)
                return path;
    throw Complaint(vzctl_code::kNoTemplate,
                    fmt::format("Cached OS template {}.tar[.gz|.xz|.zst|.bz2] not found; make one: "
                                "mmdebstrap --include=systemd-sysv,openssh-server bookworm "
                                "{}.tar.gz",
                                start, start));
}

void unpack_template(const Call& call, const VpsConfig& config, const std::string& tarball,
                     const std::string& area) {
    std::optional<std::uint32_t> claimed;
    const UserIds ids = ids_for(call.veid, config, claimed);
    const Undo release([&] {
        if (claimed)
            release_ids(*claimed, call.veid);
    });
    if (ids.shifted && chown(area.c_str(), ids.first_uid, ids.first_gid) < 0)
        throw SysError(errno, "change the owner of", area, vzctl_code::kNoArea);
    // Ctrl-C ends tar, and what it has made is undone here.
    struct sigaction before {};
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGINT, &ignore, &before);
    const Undo heed([&] { (void)sigaction(SIGINT, &before, nullptr); });
    run_tar(ids, tarball, area, call.talk);
}

void make_unique(const std::string& area) {
    const Fd root = sys::open(area, O_PATH | O_DIRECTORY);
    const Fd etc = sys::find_in_root(root, "/etc", O_PATH | O_DIRECTORY);
    if (!etc)
        return;
    struct stat status {};
    if (fstatat(etc.get(), "machine-id", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && unlinkat(etc.get(), "machine-id", 0) == 0) {
        // An empty one is filled by the first boot.
        const Fd id =
            sys::openat(etc, "machine-id", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0444);
        if (fchown(id.get(), status.st_uid, status.st_gid) < 0)
            throw SysError(errno, "change the owner of", "/etc/machine-id");
    }
    if (const Fd dbus = sys::find_in_root(root, "/var/lib/dbus", O_PATH | O_DIRECTORY))
        (void)unlinkat(dbus.get(), "machine-id", 0);  // a link to the other, or none
    remove_host_keys(etc);
}

}  // namespace vps

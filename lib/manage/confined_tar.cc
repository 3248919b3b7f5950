#include "manage/confined_tar.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "context/foreign_ids.hh"
#include "context/vps_root.hh"
#include "manage/vzctl_code.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// The step at which the child failed, as its exit code; tar's own codes are below.
constexpr int kNoMount = 120, kNoIds = 121, kNoTar = 127;

// The child is still the host's root by its user id, so that it finds the area, but without any
// capability over the host.
[[noreturn]] void become_tar(FdRef go, FdRef area_mount, FdRef archive, const TarJob& job,
                             char* const* argv) noexcept {
    static const char* const plain[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};
    char byte = 0;
    if (read(go.get(), &byte, 1) != 1)
        _exit(kNoIds);
    mount_attr read_only{};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
        mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof read_only) < 0 ||
        move_mount(area_mount.get(), "", AT_FDCWD, job.area.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        chdir(job.area.c_str()) < 0)
        _exit(kNoMount);
    if (setgroups(0, nullptr) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        _exit(kNoIds);
    reset_signals();
    (void)umask(0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing goes on in an area that nobody waits for
    if (dup2(archive.get(), STDIN_FILENO) >= 0 &&
        (job.output.get() < 0 || dup2(job.output.get(), STDOUT_FILENO) >= 0) &&
        (job.errors.get() < 0 || dup2(job.errors.get(), STDERR_FILENO) >= 0))
        execve("/bin/tar", argv, job.plain_words ? const_cast<char* const*>(plain) : environ);
    _exit(kNoTar);
}

}  // namespace

TarIds::TarIds(Veid veid, const VpsConfig& config) : veid_(veid), ids_{} {
    if (config.local_uid && *config.local_uid != 0) {
        ids_ = {*config.local_uid, config.local_gid.value_or(*config.local_uid), true};
        return;
    }
    claimed_ = claim_ids(veid, find_foreign_ids());
    ids_ = {*claimed_, *claimed_, false};
}

TarIds::~TarIds() {
    try {
        if (claimed_)
            release_ids(*claimed_, veid_);
    } catch (const std::exception&) {
        // A claim counts only while a state names its range.
    }
}

void TarIds::give(const std::string& area) const {
    if (ids_.shifted && chown(area.c_str(), ids_.first_uid, ids_.first_gid) < 0)
        throw SysError(errno, "change the owner of", area, vzctl_code::kNoArea);
}

IgnoredInterrupt::IgnoredInterrupt() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGINT, &ignore, &before_);
}

IgnoredInterrupt::~IgnoredInterrupt() {
    (void)sigaction(SIGINT, &before_, nullptr);
}

std::optional<ExitStatus> run_tar(const TarIds& ids, const TarJob& job, const WaitForTar& wait) {
    const std::vector<char*> argv = pointers_to(job.words);
    const Fd file = sys::open(job.archive, O_RDONLY);
    const DetachedMount copy = DetachedMount::copy_of(job.area);
    auto [go, go_end] = sys::pipe();
    TerminationRequest request;
    Child child = clone_process(CLONE_NEWUSER | CLONE_NEWNS);
    if (child.pid() == 0) {
        go_end.reset();
        become_tar(go, copy.fd(), file, job, argv.data());
    }
    map_ids(child.pid(), ids.ids());
    const Fd user_namespace = sys::open(fmt::format("/proc/{}/ns/user", child.pid()), O_RDONLY);
    if (!ids.ids().shifted && !copy.map_ids(user_namespace))
        throw Error(vzctl_code::kNoArea,
                    fmt::format("user ids cannot be mapped in '{}': its file system cannot do that",
                                job.area));
    sys::write_all(go_end, "g", "the pipe to tar");
    const std::optional<ExitStatus> ended = wait(child, file, request);
    if (!ended)
        (void)request.heed();
    return ended;
}

std::vector<std::string> words_to_unpack() {
    return {"tar",
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
}

void require_whole_archive(const std::string& archive) {
    constexpr std::size_t kEnd = 1024;
    const Fd file = sys::open(archive, O_RDONLY);
    std::array<char, kEnd> end{};
    const off_t at = lseek(file.get(), -static_cast<off_t>(kEnd), SEEK_END);
    const ssize_t got = at < 0 ? 0 : read(file.get(), end.data(), end.size());
    if (got != static_cast<ssize_t>(kEnd) ||
        std::any_of(end.begin(), end.end(), [](char byte) { return byte != 0; }))
        throw Error(vzctl_code::kNoArea,
                    fmt::format("'{}' is cut short: a tar ends with {} bytes of zeros, which it "
                                "does not; copy it anew",
                                archive, kEnd));
}

std::string explain_tar(const ExitStatus& status) {
    if (status.code == kNoMount)
        return "its directory cannot be mounted for the ids of the VPS";
    if (status.code == kNoIds)
        return "the ids of the VPS cannot be taken";
    if (status.code == kNoTar)
        return "there is no /bin/tar";
    return "tar ends with " + status.to_string();
}

void tell_place(sys::ProgressLine& line, FdRef file) {
    struct stat status {};
    if (fstat(file.get(), &status) < 0)
        throw SysError(errno, "look at", "the archive");
    line.tell_bytes(static_cast<std::uint64_t>(std::max<off_t>(lseek(file.get(), 0, SEEK_CUR), 0)),
                    static_cast<std::uint64_t>(status.st_size));
}

}  // namespace vps

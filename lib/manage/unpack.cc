#include "manage/unpack.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>

#include "config/vps_name.hh"
#include "manage/call.hh"
#include "manage/confined_tar.hh"
#include "manage/vzctl_code.hh"
#include "sys/directory.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"
#include "sys/sys.hh"

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
    std::vector<std::string> words = words_to_unpack();
    if (const char* option = option_for(tarball))
        words.emplace_back(option);
    return words;
}

// Returns nothing where `request` came first.
std::optional<ExitStatus> wait_for_tar(Child& child, FdRef tarball,
                                       const TerminationRequest& request, const Talk& talk) {
    sys::ProgressLine line("Unpacking the template");
    if (!line.is_shown() || talk.is_quiet())
        return child.wait({}, request.fd());
    for (;;) {
        const Deadline moment = std::chrono::steady_clock::now() + sys::ProgressLine::kPause;
        if (const std::optional<ExitStatus> ended = child.wait(moment, request.fd()))
            return ended;
        if (request.came())
            return std::nullopt;
        tell_place(line, tarball);
    }
}

void remove_host_keys(FdRef etc) {
    Directory names(Fd(openat(etc.get(), "ssh", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    while (const dirent* entry = names.next())
        if (std::string_view(entry->d_name).starts_with("ssh_host_"))
            (void)unlinkat(names.fd().get(), entry->d_name, 0);  // a directory is no key
}

}  // namespace

std::string find_template(const std::string& dir, const std::string& name) {
    const std::string cache = dir + "/cache", start = fmt::format("{}/{}", cache, name);
    if (is_link_name(name))
        for (const Packing& packing : kPackings)
            if (const std::string path = start + std::string(packing.suffix);
                access(path.c_str(), R_OK) == 0)
                return path;
    const bool has_cache = access(cache.c_str(), F_OK) == 0;
    throw Complaint(
        vzctl_code::kNoTemplate,
        fmt::format("Cached OS template {0}.tar[.gz|.xz|.zst|.bz2] not found; make one: "
                    "{1}mmdebstrap --include=systemd-sysv,openssh-server bookworm "
                    "{0}.tar.gz",
                    start, has_cache ? "" : fmt::format("mkdir -p {} && ", cache)));
}

void unpack_template(const Call& call, const VpsConfig& config, const std::string& tarball,
                     const std::string& area) {
    if (!option_for(tarball))
        require_whole_archive(tarball);
    const TarIds ids(call.veid, config);
    ids.give(area);
    const IgnoredInterrupt ignored;
    const std::optional<ExitStatus> ended =
        run_tar(ids, {.words = tar_words(tarball), .archive = tarball, .area = area},
                [&](Child& child, FdRef file, const TerminationRequest& request) {
                    return wait_for_tar(child, file, request, call.talk);
                });
    if (!ended)
        throw Error(vzctl_code::kNoArea, "told to end before the template was unpacked");
    if (!ended->success())
        throw Error(vzctl_code::kNoArea,
                    fmt::format("unpacking '{}': {}", tarball, explain_tar(*ended)));
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

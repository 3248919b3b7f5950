#include "quota/disk_quota.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "quota/project_tree.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"
#include "sys/sys.hh"
#include "sys/within.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

struct Pair {
    std::uint64_t soft, hard;
};

// A barrier of 0, or above the limit, counts as no barrier.
Pair to_quota(const std::optional<BarrierLimit>& pair, bool has_grace) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 52;  // more than quota files can hold
    if (!pair)
        return {0, 0};
    std::uint64_t hard = pair->limit, soft = pair->barrier;
    if (soft == 0 || soft > hard)
        soft = hard;
    if (!has_grace)
        hard = soft;
    const auto or_none = [](std::uint64_t limit) { return limit >= kMost ? 0 : limit; };
    return {or_none(soft), or_none(hard)};
}

// The host's own root cannot be dismounted: on a node with one file system the ways are others.
std::string explain_root_quota(const MountEntry& root, ProjectQuota found) {
    const bool wants_tune2fs = root.type == "ext4" && found != ProjectQuota::Counted;
    return fmt::format(
        "has no project quota and is the host's root, which cannot be dismounted; give the VPSes "
        "an "
        "ext4 or xfs file system of their own, or {}put rootflags=prjquota on the kernel's command "
        "line, or set DISK_QUOTA=no",
        wants_tune2fs ? fmt::format("tune2fs -O project -Q prjquota {} from a rescue system and ",
                                    root.source)
                      : "");
}

std::string explain_missing_quota(FdRef area, const std::string& path, ProjectQuota found) {
    const MountEntry mount = find_mount(area).value_or(MountEntry{0, 0, path, "unknown", path, {}});
    const std::string what = fmt::format(
        "DISKSPACE and DISKINODES cannot be applied: the file system of '{}', {} on "
        "'{}', ",
        path, mount.type, mount.source);
    if (mount.target == "/" && (mount.type == "ext4" || mount.type == "xfs"))
        return what + explain_root_quota(mount, found);
    const std::string then =
        fmt::format("then mount '{}' with the option prjquota (fstab(5))", mount.target);
    if (mount.type == "ext4" && found == ProjectQuota::Counted)
        return what + fmt::format("is mounted without the option prjquota; umount '{}', {}",
                                  mount.target, then);
    if (mount.type == "ext4")
        return what + fmt::format(
                          "has no project quota; umount '{}', tune2fs -O project -Q prjquota "
                          "{}, {}",
                          mount.target, mount.source, then);
    if (mount.type == "xfs")
        return what +
               fmt::format("is mounted without project quota; umount '{}', {}", mount.target, then);
    return what + "has no project quota; move the private area to ext4 or xfs";
}

// True if a line "id:path" of projects(5) or "name:id" of projid(5) has the project's id.
bool is_used_by_host(Veid veid) {
    for (const auto& [file, field] : {std::pair{"/etc/projects", 0}, std::pair{"/etc/projid", 1}})
        try {
            std::istringstream lines(sys::read_file(file));
            for (std::string line; std::getline(lines, line);) {
                const std::size_t colon = line.find(':');
                if (colon != line.npos && (field == 0 ? line.substr(0, colon)
                                                      : line.substr(colon + 1)) == veid.to_string())
                    return true;
            }
        } catch (const SysError&) {
            // Most hosts have no such file.
        }
    return false;
}

// Tells systemd, the journal and a terminal now and then how far the marking is, so that the start
// is not timed out.
class Progress {
  public:
    explicit Progress(const Log& log) : log_(log) {}

    void tell(std::uint64_t files) {
        if (request_.heed())
            throw Error(ExitCode::System,
                        fmt::format("told to end after marking {} files for the disk quota; the "
                                    "next start goes on with it",
                                    files));
        line_.tell_files(files);
        const auto now = std::chrono::steady_clock::now();
        if (now - extended_ >= std::chrono::seconds(2)) {
            extended_ = now;
            (void)notify(
                fmt::format("EXTEND_TIMEOUT_USEC=120000000\nSTATUS=Starting: marking files for "
                            "the disk quota, {} so far",
                            files));
        }
        if (now - said_ >= std::chrono::seconds(10)) {
            said_ = now;
            log_.say(Level::Info, fmt::format("marked {} files for the disk quota so far", files));
        }
    }

  private:
    const Log& log_;
    TerminationRequest request_;
    sys::ProgressLine line_{"Marking files for the disk quota"};
    std::chrono::steady_clock::time_point extended_{}, said_ = std::chrono::steady_clock::now();
};

void mark_area(Veid veid, const std::string& path, const Log& log) {
    if (is_used_by_host(veid))
        log.say(Level::Warning,
                fmt::format("project {} of /etc/projects or /etc/projid has the VPS's number: both "
                            "share one disk quota where they are on one file system",
                            veid.value()));
    log.say(Level::Info,
            fmt::format("marking all files in '{}' for the disk quota, which is done once", path));
    Progress progress(log);
    const std::uint64_t files =
        mark_tree(path, veid.value(), [&](std::uint64_t so_far) { progress.tell(so_far); });
    log.say(Level::Info, fmt::format("marked {} files for the disk quota", files));
}

void apply_grace(FdRef file, unsigned seconds, const std::string& path, const Log& log) {
    const std::uint64_t before = read_project_grace(file);
    if (before == seconds)
        return;
    set_project_grace(file, seconds);
    if (before != kDefaultGrace)
        log.say(Level::Warning,
                fmt::format("QUOTATIME={}: the grace time of the file system of '{}' was {} "
                            "seconds; Linux has one for all, so give all VPSes there the same",
                            seconds, path, before));
}

void say_what_is_over(const ProjectState& state, const Log& log) {
    const ProjectLimits& limits = state.limits;
    const std::uint64_t kib = state.bytes / 1024;
    if (limits.hard_blocks != 0 && kib >= limits.hard_blocks)
        log.say(Level::Notice, fmt::format("uses {} KiB of the {} KiB of DISKSPACE: it can write "
                                           "nothing more",
                                           kib, limits.hard_blocks));
    if (limits.hard_files != 0 && state.files >= limits.hard_files)
        log.say(Level::Notice, fmt::format("has {} of the {} files of DISKINODES: it can make no "
                                           "more",
                                           state.files, limits.hard_files));
}

// Limits that have not changed are not set again: to set them would start the grace time anew.
void apply_limits(FdRef file, ProjectId project, const ProjectLimits& limits) {
    if (read_project(file, project).limits != limits)
        set_project_limits(file, project, limits);
}

void apply_to_area(Veid veid, const DiskQuota& quota, FdRef top, bool is_marked, PrivateArea area,
                   const std::string& path, const Log& log) try {
    const ProjectId project = veid.value();
    if (quota.limits == ProjectLimits{}) {
        apply_limits(top, project, {});
        return;
    }
    if (!is_marked && area == PrivateArea::InUse) {
        log.say(Level::Warning,
                "DISKSPACE and DISKINODES apply from the next start on: the files have to be "
                "marked for the disk quota first");
        return;
    }
    if (!is_marked)
        mark_area(veid, path, log);
    if (quota.grace)
        apply_grace(top, *quota.grace, path, log);
    apply_limits(top, project, quota.limits);
    say_what_is_over(read_project(top, project), log);
} catch (const SysError& error) {
    if (error.errnum() != EROFS)  // a file system that is read-only needs no limit
        throw;
}

}  // namespace

DiskQuota plan_disk_quota(const VpsConfig& config) {
    DiskQuota quota;
    if (!config.disk_quota)
        return quota;
    const bool has_grace = config.quotatime != 0u;
    const Pair space = to_quota(config.diskspace, has_grace);
    const Pair files = to_quota(config.diskinodes, has_grace);
    quota.limits = {space.soft, space.hard, files.soft, files.hard};
    if (has_grace)
        quota.grace = config.quotatime;
    quota.demanded = config.disk_quota_from == ConfigFile::Vps;
    return quota;
}

std::optional<std::string> find_missing_quota(FdRef area, const std::string& path) {
    const ProjectQuota found = project_quota_of(area);
    return found == ProjectQuota::Enforced
               ? std::nullopt
               : std::optional(explain_missing_quota(area, path, found));
}

void apply_disk_quota(Veid veid, const VpsConfig& config, PrivateArea area, const Log& log) {
    const DiskQuota quota = plan_disk_quota(config);
    const std::string& path = *config.ve_private;
    const bool is_limited = quota.limits != ProjectLimits{};
    const Fd top = sys::open(path, O_RDONLY | O_DIRECTORY);
    const ProjectId project = veid.value();
    const bool is_marked = inherited_project(top) == project;
    if (!is_limited && !is_marked)
        return;
    if (const auto why = find_missing_quota(top, path)) {
        if (is_limited && quota.demanded)
            throw Error(ExitCode::NoDiskQuota, "DISK_QUOTA=yes: " + *why);
        if (is_limited)
            log.say(Level::Warning, *why + "; starting without");
        return;
    }
    within({fmt::format("disk quota of '{}'", path)},
           [&] { apply_to_area(veid, quota, top, is_marked, area, path, log); });
}

}  // namespace vps

#include "check/area.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "check/guest_addresses.hh"
#include "context/accounts_beyond.hh"
#include "context/become_init.hh"
#include "context/old_programs.hh"
#include "context/vps_root.hh"
#include "limits/block_device.hh"
#include "limits/slice_limits.hh"
#include "ploop/file_system.hh"
#include "ploop/mount_disk.hh"
#include "quota/disk_quota.hh"
#include "state/id_range.hh"
#include "state/place.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace fs = std::filesystem;

AreaJudge::AreaJudge(Veid veid, const VpsConfig& config, const std::string& root,
                     const HostPlaces& host, StartVerdict& verdict, CheckedFile& file)
    : veid_(veid),
      config_(config),
      host_(host),
      root_(root),
      shown_(root + *config.ve_private),
      verdict_(verdict),
      file_(file) {}

void AreaJudge::judge_area(bool may_come, Depth depth) {
    attempt(may_come, [&] {
        if (config_.ve_root)
            judge_root();
        look_for_area(may_come);
        if (area_ && kind_ == AreaKind::Disk)
            judge_disk();
        if (!area_ || !is_this_host())
            return;
        if (kind_ == AreaKind::Files) {
            judge_quota(may_come);
            judge_accounts();
            if (depth == Depth::EachFile)
                judge_owners();
        }
        judge_io_limits();
    });
}

void AreaJudge::judge_content(bool may_come) {
    attempt(may_come, [&] {
        const bool is_seen = static_cast<bool>(kind_ == AreaKind::Disk ? files_ : area_);
        if (is_seen) {
            look_for_init(may_come);
            judge_programs(may_come);
        }
        if (kind_ == AreaKind::Disk)
            return;
        if (area_ && has_own_ids() && is_this_host())
            judge_mapping(may_come);
    });
}

template <typename Step>
void AreaJudge::attempt(bool may_come, Step step) {
    try {
        step();
    } catch (const Error& error) {
        find(error.code(), may_come, error.what());
    }
}

void AreaJudge::find(ExitCode code, bool may_come, const std::string& text) {
    file_.findings.push_back({may_come ? Grade::Warning : Grade::Error,
                              0,
                              0,
                              {},
                              text + (may_come ? ", unless a script mounts it" : "")});
    if (!may_come)
        verdict_.refuse(code, text);
}

void AreaJudge::look_for_area(bool may_come) {
    area_ = sys::find_in_root(sys::open(root_ + "/", O_PATH | O_DIRECTORY), *config_.ve_private,
                              O_PATH | O_DIRECTORY);
    if (!area_)
        return find(ExitCode::NoPrivateArea, may_come, explain_no_area());
    if (config_.ve_root)
        if (const auto problem = host_.find_area_problem(config_)) {
            area_ = Fd();  // and the host's own files are not looked at
            return judge_problem(*problem);
        }
    const DiskMaker maker = find_disk_maker(area_);
    kind_ = find_area_kind(config_, maker, shown_);
    if (const auto why = explain_disk_of_vps(config_, maker, shown_))
        file_.findings.push_back(file_.about(Grade::Warning, "VE_LAYOUT", *why));
}

std::string AreaJudge::explain_no_area() const {
    std::error_code unknown;
    return fs::exists(shown_, unknown) && !fs::is_directory(shown_, unknown)
               ? fmt::format(
                     "the private area '{}' is no directory; VE_PRIVATE names the "
                     "directory of the VPS's files",
                     shown_)
               : fmt::format("the private area '{}' does not exist", shown_);
}

bool AreaJudge::is_mounted() const {
    return is_this_host() && read_state(veid_);
}

std::optional<Fd> AreaJudge::open_files() const {
    if (kind_ == AreaKind::Disk && !files_)
        return std::nullopt;
    const Fd& files = kind_ == AreaKind::Disk ? files_ : area_;
    return files ? sys::duplicate(files) : Fd();
}

// The look leaves no trace: the mount is nowhere in the tree, and read-only down to the image.
void AreaJudge::look_into(const DiskImage& disk) {
    if (geteuid() != 0)
        return;
    try {
        files_ = mount_to_look(disk);
    } catch (const Error& error) {
        file_.findings.push_back(
            {Grade::Warning,
             0,
             0,
             {},
             fmt::format("the files on the disk could not be looked at: {}", error.what())});
    }
}

// The disk as a start would find it. Of one that is mounted there is nothing to say.
void AreaJudge::judge_disk() {
    if (is_mounted()) {
        files_ = sys::find_in_root(sys::open("/", O_PATH | O_DIRECTORY),
                                   read_state(veid_)->mount_point, O_PATH | O_DIRECTORY);
        return;
    }
    const DiskImage disk =
        DiskImage::open(sys::find_in_root(area_, kDiskDirectory, O_PATH),
                        fmt::format("{}/{}", shown_, kDiskDirectory), ImageAccess::Read);
    require_one_image(veid_, disk);
    (void)find_file_system(disk);
    if (disk.is_in_use())
        file_.findings.push_back(
            {Grade::Warning,
             0,
             0,
             {},
             fmt::format("'{}' was not closed when it was last in use: its file system is checked "
                         "(e2fsck) at the next start; or another host has it open",
                         disk.top().path)});
    look_into(disk);
}

void AreaJudge::look_for_init(bool may_come) {
    if (const auto why = explain_no_init(kind_ == AreaKind::Disk ? files_ : area_, shown_))
        find(ExitCode::NoInit, may_come, *why);
}

// The VPS is going to run on this host's kernel, wherever its files lie now.
void AreaJudge::judge_programs(bool may_come) {
    static const KernelForOldPrograms kKernel = this_kernel();
    const Fd& files = kind_ == AreaKind::Disk ? files_ : area_;
    if (const auto why = explain_init_32_bit(files, kKernel))
        find(ExitCode::System, may_come, *why);
    if (const auto why = explain_vsyscalls(files, kKernel)) {
        file_.findings.push_back({Grade::Warning, 0, 0, {}, *why});
        verdict_.warnings.push_back(*why);
    }
    if (const auto why = explain_mtab(files))
        file_.findings.push_back({Grade::Note, 0, 0, {}, *why});
    if (const auto why = explain_guest_addresses(files, config_))
        file_.findings.push_back(file_.about(Grade::Warning, "IP_ADDRESS", *why));
}

void AreaJudge::judge_root() {
    if (const auto problem = host_.find_root_problem(config_))
        return judge_problem(*problem);
    const std::string shown = root_ + *config_.ve_root;
    std::error_code unknown;
    if (fs::exists(shown, unknown) && !fs::is_directory(shown, unknown))
        find(ExitCode::CannotMount, false,
             fmt::format("VE_ROOT '{}' is no directory; remove it, or change VE_ROOT", shown));
    if (!is_this_host())
        return;
    std::error_code absent;
    const std::string path = fs::canonical(*config_.ve_root, absent).string();
    if (!absent && !read_state(veid_) && !mounts_at_or_below(read_mounts(), path).empty())
        find(ExitCode::Mounted, false, fmt::format("something is mounted on '{}' already", path));
    else if (!absent && !is_mount_point(path) && holds_files(path))
        file_.findings.push_back(
            file_.about(Grade::Warning, "VE_ROOT",
                        fmt::format("VE_ROOT '{}' holds files, which nobody sees while the VPS is "
                                    "mounted there",
                                    path)));
}

void AreaJudge::judge_problem(const ConfigProblem& problem) {
    file_.findings.push_back(file_.about(Grade::Error, problem.key, problem.text));
    verdict_.refuse(ExitCode::BadValue, config_.tell(problem));
}

void AreaJudge::judge_quota(bool may_come) {
    const DiskQuota quota = plan_disk_quota(config_);
    if (quota.limits == ProjectLimits{})
        return;
    const auto why = find_missing_quota(area_, shown_);
    if (!why)
        return;
    const bool refused = quota.demanded && !may_come;
    if (refused)
        verdict_.refuse(ExitCode::NoDiskQuota, "DISK_QUOTA=yes: " + *why);
    file_.findings.push_back(file_.about(refused ? Grade::Error : Grade::Warning,
                                         config_.diskspace ? "DISKSPACE" : "DISKINODES", *why));
}

// True where the ids of the VPS are 0 and more on disk.
bool AreaJudge::has_own_ids() const {
    struct stat top {};
    return config_.userns && fstat(area_.get(), &top) == 0 && !find_shifted_ids(top, config_);
}

// Users and groups of the VPS with ids beyond its own.
void AreaJudge::judge_accounts() {
    if (!has_own_ids())
        return;
    if (const auto account = explain_accounts_beyond(area_, config_.userns_ids))
        file_.findings.push_back(file_.about(Grade::Warning, "USERNS_IDS", *account));
}

// Files with ids beyond those of the VPS, by name.
void AreaJudge::judge_owners() {
    if (!has_own_ids())
        return;
    std::string path = fmt::format("/proc/self/fd/{}/.", area_.get());
    char* const roots[] = {path.data(), nullptr};
    const std::unique_ptr<FTS, int (*)(FTS*)> tree(
        fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr), fts_close);
    std::vector<std::string> names;
    std::size_t beyond = 0;
    std::uint32_t highest = 0;
    while (const FTSENT* entry = tree ? fts_read(tree.get()) : nullptr) {
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
            continue;
        const std::uint32_t id = std::max(entry->fts_statp->st_uid, entry->fts_statp->st_gid);
        if (id < config_.userns_ids)
            continue;
        highest = std::max(highest, id);
        if (++beyond <= 3)
            names.push_back(fmt::format("'{}'", entry->fts_path + path.size()));
    }
    if (beyond == 0)
        return;
    const auto wanted = ids_that_have(highest);
    const std::string text = fmt::format(
        "{} file{} of the private area, {}{}, belong{} to ids above {}, which the VPS "
        "does not have: nobody's there{}",
        beyond, beyond > 1 ? "s" : "", fmt::join(names, ", "),
        beyond > names.size() ? " and others" : "", beyond > 1 ? "" : "s", config_.userns_ids - 1,
        wanted ? fmt::format("; USERNS_IDS={} has them", *wanted) : "");
    file_.findings.push_back(file_.about(Grade::Warning, "USERNS_IDS", text));
}

// Whether the file system can show the ids of the VPS. One look is enough for all on it.
void AreaJudge::judge_mapping(bool may_come) {
    static std::map<dev_t, bool> can_map;
    struct stat status {};
    if (geteuid() != 0 || fstat(area_.get(), &status) < 0)
        return;
    auto known = can_map.find(status.st_dev);
    if (known == can_map.end())
        known =
            can_map
                .emplace(status.st_dev, can_map_ids(fmt::format("/proc/self/fd/{}", area_.get())))
                .first;
    if (!known->second)
        find(ExitCode::CannotMount, may_come, explain_no_mapped_ids(shown_));
}

void AreaJudge::judge_io_limits() {
    const auto keys = io_limits_of(config_);
    if (keys.empty() || !find_disks(shown_).empty())
        return;
    for (const std::string_view key : keys)
        file_.findings.push_back(
            file_.about(Grade::Warning, key, fmt::format("{}: {}", key, explain_no_disk(shown_))));
}

}  // namespace vps

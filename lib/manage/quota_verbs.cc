#include "manage/quota_verbs.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include "context/running_vps.hh"
#include "life/settings.hh"
#include "manage/vzctl_code.hh"
#include "quota/disk_quota.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/sys.hh"

namespace vps {

static constexpr const char* kNotEnabled = "Disk quota is not enabled, skipping operation";

static VpsConfig require_quota(const Call& call, ExitCode code) {
    VpsConfig config = load_usable_config(call.veid);
    if (!config.disk_quota)
        throw Complaint(code, kNotEnabled);
    return config;
}

// A host that wants no quota is no error: vzmigrate would take the VPS back to where it was.
ExitCode quotaon_verb(const Call& call) {
    const VpsConfig config = load_usable_config(call.veid);
    if (!config.disk_quota) {
        call.talk.warn(kNotEnabled);
        return ExitCode::Ok;
    }
    const VpsLock lock(call.veid);
    const bool idle = !lock.read_state();
    apply_disk_quota(call.veid, config, idle ? PrivateArea::Idle : PrivateArea::InUse,
                     Log("vzctl", call.veid));
    return ExitCode::Ok;
}

static Fd open_area(const std::string& path) {
    try {
        return sys::open(path, O_PATH | O_DIRECTORY);
    } catch (const SysError& error) {
        throw Error(ExitCode::NoPrivateArea, error.what());
    }
}

// No limit is 0, as vzquota had it.
static std::string quota_table(const ProjectState& state) {
    constexpr const char* kRow = "{:>11} {:>14} {:>14} {:>14}\n";
    const ProjectLimits& limits = state.limits;
    return fmt::format(kRow, "resource", "usage", "softlimit", "hardlimit") +
           fmt::format(kRow, "1k-blocks", state.bytes / 1024, limits.soft_blocks,
                       limits.hard_blocks) +
           fmt::format(kRow, "inodes", state.files, limits.soft_files, limits.hard_files);
}

ExitCode quotastat_verb(const Call& call) {
    const VpsConfig config = require_quota(call, ExitCode::NoDiskQuota);
    if (const auto state = read_state(call.veid); state && !state->image.empty())
        throw Complaint(vzctl_code::kUnsupported,
                        "The files are on a disk image, which has a size of its own: "
                        "vzctl exec VEID df");
    const std::string& path = *config.ve_private;  // a usable configuration has one
    const Fd area = open_area(path);
    if (const auto missing = find_missing_quota(area, path))
        throw Error(ExitCode::NoDiskQuota, *missing);
    sys::print(quota_table(read_project(area, call.veid.value())));
    return ExitCode::Ok;
}

ExitCode quotaoff_verb(const Call& call) {
    (void)require_quota(call, vzctl_code::kQuotaOff);
    throw Complaint(vzctl_code::kQuotaOff,
                    "Unable to turn the disk quota off: it stays with the files; set --diskspace "
                    "unlimited --diskinodes unlimited --save lifts it");
}

}  // namespace vps

#include "manage/quota_verbs.hh"

#include "context/running_vps.hh"
#include "life/settings.hh"
#include "manage/vzctl_code.hh"
#include "quota/disk_quota.hh"
#include "state/state.hh"

namespace vps {

static VpsConfig require_quota(const Call& call, ExitCode code) {
    VpsConfig config = load_usable_config(call.veid);
    if (!config.disk_quota)
        throw Complaint(code, "Disk quota is not enabled, skipping operation");
    return config;
}

ExitCode quotaon_verb(const Call& call) {
    const VpsConfig config = require_quota(call, ExitCode::NoDiskQuota);
    const VpsLock lock(call.veid);
    const bool idle = !lock.read_state();
    apply_disk_quota(call.veid, config, idle ? PrivateArea::Idle : PrivateArea::InUse,
                     Log("vzctl", call.veid));
    return ExitCode::Ok;
}

ExitCode quotaoff_verb(const Call& call) {
    (void)require_quota(call, vzctl_code::kQuotaOff);
    throw Complaint(vzctl_code::kQuotaOff,
                    "Unable to turn the disk quota off: it stays with the files; set --diskspace "
                    "unlimited --diskinodes unlimited --save lifts it");
}

}  // namespace vps

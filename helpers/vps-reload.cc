// vps-reload VEID: brings a running VPS to what its configuration says now, as far as that can
// change while it runs: the limits of its slice, its disk, its init and its ipc namespace. Makes
// again what its network lacks on the host. systemd calls it (ExecReload= of vps@.service).

#include <fcntl.h>
#include <fmt/format.h>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "context/vps_root.hh"
#include "life/settings.hh"
#include "limits/init_limits.hh"
#include "limits/live_limits.hh"
#include "limits/slice_limits.hh"
#include "limits/unit_limits.hh"
#include "network/network_program.hh"
#include "quota/disk_quota.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

static ExitCode reload_vps(const Invocation& invocation) {
    const VpsLock lock(invocation.veid);
    const FoundVps vps = find_vps(invocation.veid, lock, invocation.log);
    if (!vps.init)
        throw Error(ExitCode::NotRunning, "is not running");
    VpsConfig config = load_usable_config(invocation.veid);
    config.ve_private = vps.state->ve_private;
    apply_slice_limits(invocation.veid, config, invocation.log);
    update_scope_quota(invocation.veid, cpu_quota_here(config));
    if (vps.state->image.empty())  // a disk image has a size of its own
        apply_disk_quota(invocation.veid, config, PrivateArea::InUse, invocation.log);
    apply_init_limits(*vps.init, vps.state->init_pid, config);
    limit_cgroups(sys::open(scope_cgroup(invocation.veid), O_PATH | O_DIRECTORY), config);
    renew_network_on_host(invocation.veid);
    return ExitCode::Ok;
}

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-reload",
         .summary =
             "Applies the changed limits of a running VPS. Called by vps@.service; use systemctl."},
        vps::reload_vps);
}

// vps-reload VEID: brings a running VPS to what its configuration says now, as far as that can
// change while it runs: the limits of its slice, its disk, its init and its ipc namespace, its
// addresses and names. Makes again what its network lacks on the host. systemd calls it
// (ExecReload= of vps@.service).

#include "command/program.hh"
#include "life/apply.hh"
#include "life/left_over.hh"
#include "life/settings.hh"
#include "state/state.hh"
#include "sys/error.hh"

namespace vps {

static ExitCode reload_vps(const Invocation& invocation) {
    const VpsLock lock(invocation.veid);
    const FoundVps vps = find_vps(invocation.veid, lock, invocation.log);
    if (!vps.init)
        throw Error(ExitCode::NotRunning, "is not running");
    const LeftOver left_over(invocation.veid, invocation.log);  // by EXTERNAL_SCRIPT
    apply_config(invocation.veid, vps, load_usable_config(invocation.veid), {}, invocation.log);
    return ExitCode::Ok;
}

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(argc, argv,
                            {.name = "vps-reload",
                             .summary = "Applies the changed configuration of a running VPS. "
                                        "Called by vps@.service; use systemctl."},
                            vps::reload_vps);
}

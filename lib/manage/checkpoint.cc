#include "manage/checkpoint.hh"

#include "context/running_vps.hh"
#include "manage/vzctl_code.hh"
#include "state/state.hh"
#include "systemd/freezer.hh"

namespace vps {

namespace {

FoundVps require_running(Veid veid) {
    FoundVps vps = find_vps(veid);
    if (!vps.init)
        throw Complaint(ExitCode::NotRunning, "Container is not running");
    return vps;
}

ExitCode resume(const Call& call) {
    const FoundVps vps = require_running(call.veid);
    call.talk.tell("Resuming...");
    (void)thaw_vps(call.veid, vps.state->init_pid);
    return ExitCode::Ok;
}

}  // namespace

ExitCode chkpnt_verb(const Call& call) {
    const GivenOptions& given = call.given;
    const int commands = static_cast<int>(given.has("dump")) + given.has("suspend") +
                         given.has("resume") + given.has("kill");
    if (commands > 1)
        throw Complaint(ExitCode::Usage, "Invalid syntax: only one sub command may be used");
    if (given.has("resume"))
        return resume(call);
    if (!given.has("suspend"))
        throw Complaint(vzctl_code::kNoCheckpoint,
                        "Unable to dump a container: chkpnt --suspend freezes it, --resume lets it "
                        "go on");
    (void)require_running(call.veid);
    call.talk.tell("Setting up checkpoint...");
    call.talk.tell("\tsuspend...");
    freeze_scope(call.veid);
    return ExitCode::Ok;
}

ExitCode restore_verb(const Call&) {
    throw Complaint(vzctl_code::kNoRestore,
                    "Unable to restore a container: no state of one is dumped; chkpnt --resume "
                    "lets a suspended one go on");
}

}  // namespace vps

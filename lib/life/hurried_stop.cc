#include "life/hurried_stop.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "state/state.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/system_manager.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// A link to the process that is told. It counts for that process only, so that one that is left
// behind forces no later stop.
std::string mark_of(Veid veid) {
    return fmt::format("{}/{}.hurried", kRunDir, veid.to_string());
}

}  // namespace

bool hurry_stop(Veid veid) {
    const std::optional<VpsState> state = read_state(veid);
    if (!state || state->phase != Phase::Running)
        return false;  // N.stop has ended
    const pid_t stopper = control_process_of(service_unit(veid));
    const Fd process = stopper > 0 ? sys::pidfd_open(stopper) : Fd();
    if (!process || !sys::readlink(fmt::format("/proc/{}/exe", stopper)).ends_with("/vps-stop"))
        return false;
    const std::string mark = mark_of(veid), target = std::to_string(stopper);
    (void)sys::unlink_if_there(mark);
    if (symlink(target.c_str(), mark.c_str()) < 0)
        throw SysError(errno, "make the link", mark);
    sys::pidfd_send_signal(process, SIGTERM);
    return true;
}

bool is_hurried(Veid veid) noexcept {
    const std::string mark = mark_of(veid);
    char target[16] = {};
    if (readlink(mark.c_str(), target, sizeof target - 1) < 0 || parse_pid(target) != getpid())
        return false;
    (void)unlink(mark.c_str());
    return true;
}

}  // namespace vps

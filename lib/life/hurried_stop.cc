#include "life/hurried_stop.hh"

#include <fmt/format.h>

#include <csignal>

#include "state/state.hh"
#include "state/wish.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/system_manager.hh"
#include "systemd/unit_name.hh"

namespace vps {

bool hurry_stop(Veid veid) {
    const std::optional<VpsState> state = read_state(veid);
    if (!state || state->phase != Phase::Running)
        return false;  // N.stop has ended
    const std::optional<Fd> init = find_init(*state);
    const pid_t stopper = control_process_of(service_unit(veid));
    const Fd process = stopper > 0 ? sys::pidfd_open(stopper) : Fd();
    if (!init || !process ||
        !sys::readlink(fmt::format("/proc/{}/exe", stopper)).ends_with("/vps-stop"))
        return false;
    const StandingWish wish(veid, {.passes_stop = true});
    sys::pidfd_send_signal(process, SIGTERM);
    (void)wait_for_end(*init, {});
    return true;
}

}  // namespace vps

// vps-lxcfs: has the VPSes that run see what lxcfs(1) on the host shows, as it comes and goes, for
// as long as one is there. The main process of vps-lxcfs.service, which the mount of lxcfs upholds:
// when that is another one, it ends, and is started again.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "command/main.hh"
#include "context/lxcfs.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/log.hh"

namespace vps {

namespace {

const Grammar kGrammar{
    "vps-lxcfs",
    "",
    "Has the VPSes that run see what lxcfs shows now. Called by vps-lxcfs.service.",
    {},
};

// A VPS that has not reached its start yet will open what is there then; one that is being started
// may have opened what was there before. Its lock is not ours to wait for: who wants it while we
// have it is refused.
std::optional<VpsState> wait_while_starting(Veid veid) {
    for (;;) {
        const std::optional<VpsState> state = read_state(veid);
        if (!state || state->phase != Phase::Starting)
            return state;
        (void)poll(nullptr, 0, 100);
    }
}

void renew(Veid veid) noexcept {
    const Log log("vps-lxcfs", veid, "vps-lxcfs.service");
    try {
        const std::optional<VpsState> state = wait_while_starting(veid);
        if (const std::optional<Fd> init = state ? find_init(*state) : std::nullopt)
            renew_lxcfs(*init, state->init_pid, log);
    } catch (const std::exception& error) {
        log.say(Level::Error, error.what());
    }
}

// Each VPS has a process of its own: none waits for another one's action script. They have the
// other end of what is returned, a pipe, open until they are done.
Fd renew_all() {
    auto [done, theirs] = sys::pipe();
    for (const Veid veid : list_active()) {
        Child child = clone_process();
        if (child.pid() == 0) {
            renew(veid);
            _exit(0);
        }
        child.release();
    }
    return std::move(done);
}

// Waits until something else is mounted there, or `done` is readable.
void wait_for_change(FdRef mounts, const LxcfsPlace& place, FdRef done = FdRef(-1)) {
    while (is_still(place)) {
        pollfd waiting[]{{mounts.get(), POLLPRI, 0}, {done.get(), POLLIN, 0}};
        if (poll(waiting, 2, -1) < 0 && errno != EINTR)
            throw SysError(errno, "wait for mounts");
        if (waiting[1].revents != 0)
            return;
    }
}

ExitCode follow_lxcfs(const CommandLine& line) {
    if (!line.operands.empty())
        usage_error("no arguments are wanted");
    if (geteuid() != 0)
        throw Error(ExitCode::System, "only root can do this");
    signal(SIGCHLD, SIG_IGN);  // nobody waits for what is done
    // It polls as changed from when it was opened on: nothing is missed in between.
    const Fd mounts = sys::open("/proc/self/mountinfo", O_RDONLY);
    LxcfsPlace place = look_for_lxcfs();
    Fd done = renew_all();
    if (place.is_lxcfs) {
        wait_for_change(mounts, place);
        place = look_for_lxcfs();
        if (place.is_lxcfs)
            return ExitCode::Ok;  // the next of us sees to it
        done = renew_all();
    }
    wait_for_change(mounts, place, done);
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_main(argc, argv, vps::kGrammar, vps::follow_lxcfs);
}

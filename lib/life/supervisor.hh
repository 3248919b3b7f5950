// The watch over a running VPS: the supervisor waits for the end of init, carries the console and
// the output of N.start's children to the journal, and otherwise sleeps.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sys/line_relay.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

// The ways in which a VPS's init ends, as its parent learns them (reboot(2), "Behavior inside PID
// namespaces").
enum class InitEnd {
    PoweredOff,  // SIGINT: halt or power-off; or init just exited with 0
    Rebooted,    // SIGHUP: restart
    Crashed,     // anything else
};

InitEnd classify_end(const ExitStatus& status);

enum class SupervisionEnd {
    InitEnded,
    ToldToGo,     // SIGTERM, while init runs on: the supervisor does not kill the VPS
    ToldToRenew,  // SIGHUP: by a newer program
};

// A further descriptor to watch for `events` (epoll_ctl(2)), until `on_event` closes it.
struct Watched {
    FdRef fd;
    std::uint32_t events;
    std::function<void()> on_event;
};

// Returns when init has ended, or one of these signals has come. `on_child` is called at SIGCHLD.
// These signals and SIGCHLD are blocked from then on.
SupervisionEnd supervise(FdRef init, std::vector<LineRelay>& relays,
                         const std::function<void()>& on_child,
                         const std::vector<Watched>& others = {});

}  // namespace vps

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
    ToldToGo,  // SIGTERM, while init runs on: the supervisor does not kill the VPS
};

// A further descriptor to watch for `events` (epoll_ctl(2)), until `on_event` closes it.
struct Watched {
    FdRef fd;
    std::uint32_t events;
    std::function<void()> on_event;
};

// Returns when init has ended, or SIGTERM has come. `on_child` is called at SIGCHLD. Blocks SIGTERM
// and SIGCHLD.
SupervisionEnd supervise(
    FdRef init, std::vector<LineRelay> relays, const std::function<void()>& on_child = [] {},
    const std::vector<Watched>& others = {});

// The same, by a process that has given up what a start needs: its capabilities, most of its memory
// and its place among the processes that are killed first. Every step from here on is one that root
// can take without a capability.
SupervisionEnd supervise_unprivileged(FdRef init, std::vector<LineRelay> relays,
                                      const std::function<void()>& on_child,
                                      const std::vector<Watched>& others);

}  // namespace vps

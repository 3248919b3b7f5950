// Watching over a running VPS: the supervisor waits for the end of init, carries the console and
// what N.start left printing to the journal, and otherwise sleeps.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sys/line_relay.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

// Why a VPS's init is no more, as its parent learns it (reboot(2), "Behavior inside PID
// namespaces").
enum class InitEnd {
    PoweredOff,  // SIGINT: halt or power-off; or init just exited with 0
    Rebooted,    // SIGHUP: restart
    Crashed,     // anything else
};

InitEnd classify_end(const ExitStatus& status);

enum class SupervisionEnd {
    InitEnded,
    ToldToGo,  // SIGTERM, while init runs on: the VPS is not ours to kill
};

// Something else to watch, until it closes `fd`: it is called when that can be read.
struct Watched {
    FdRef fd;
    std::function<void()> on_readable;
};

// Returns when either has come. `on_child` is called at SIGCHLD. Blocks SIGTERM and SIGCHLD.
SupervisionEnd supervise(
    FdRef init, std::vector<LineRelay> relays, const std::function<void()>& on_child = [] {},
    const std::optional<Watched>& other = std::nullopt);

}  // namespace vps

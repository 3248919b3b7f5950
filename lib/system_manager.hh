// Requests to systemd (PID 1) over its private socket, as systemctl makes them: no dbus-daemon is
// needed. Each call connects, asks and disconnects at once: PID 1 sends every signal to each open
// connection. org.freedesktop.systemd1(5).
#pragma once

#include <string>

#include "veid.hh"

namespace vps {

// Queues a job for a unit. It replaces one of another kind, which is cancelled.
enum class Job { Start, Stop };
void queue_job(const std::string& unit, Job job);

// What systemd is about to do.
struct Orders {
    std::string job;     // with vps@N.service: "start", "stop", "restart", "try-restart", …; or empty
    bool host_stopping;  // the host itself is going down
};
Orders orders_for(Veid veid);

// True when vps@N.service has been active since its last start began. At the stop of one that has
// not, systemd leaves ExecStop= out.
bool has_been_active(Veid veid);

// True when the host itself is going down.
bool host_is_stopping();

}  // namespace vps

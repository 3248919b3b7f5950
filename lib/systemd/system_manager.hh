// Requests to systemd (PID 1) over its private socket, as systemctl makes them: no dbus-daemon is
// needed. What each stop asks goes over the message bus, where there is one. Each call connects,
// asks and disconnects at once: PID 1 sends every signal to each open connection.
// org.freedesktop.systemd1(5).
#pragma once

#include <sys/types.h>

#include <string>

#include "config/veid.hh"
#include "systemd/places.hh"

namespace vps {

// Queues a job for a unit. A job of another kind that the unit has is cancelled.
enum class Job { Start, Stop };
void queue_job(const std::string& unit, Job job, const SystemdPlaces& places = {});

// Queues a start of a unit that is about to be inactive, for a caller that systemd waits for and
// that ends at once: the caller is a realtime process from then on. PID 1 begins a queued start
// when it has nothing else to do; a stop that comes before takes the start's place, finds nothing
// to stop, and is told "done". So a process of its own, which PID 1 reaps, queues the start again
// if another order replaces it, until the start is done, for 30 seconds at most. `replacing_start`:
// the unit has a job that starts it already (start, restart), which is to be cancelled. Throws
// Error System.
void insist_on_start(const std::string& unit, bool replacing_start,
                     const SystemdPlaces& places = {});

// The jobs that systemd is about to do.
struct Orders {
    std::string job;  // with vps@N.service: "start", "stop", "restart", "try-restart", …; or empty
    bool host_stopping;  // the host itself is going down
};
Orders orders_for(Veid veid, const SystemdPlaces& places = {});

// True where somebody has ordered the service to stop, to start again or not.
inline bool wants_stop(const Orders& orders) {
    return orders.job == "stop" || orders.job.ends_with("restart");
}

// The process of the command of a service that systemd waits for, ExecStop= for instance; 0 where
// there is none.
pid_t control_process_of(const std::string& service, const SystemdPlaces& places = {});

// True when systemd has called ExecStop= of vps@N.service since its last start began. systemd skips
// ExecStop= at the stop of a unit that is being started or reloaded.
bool stop_was_called(Veid veid, const SystemdPlaces& places = {});

// Takes it from a unit that it has failed, as systemctl reset-failed does. A unit that systemd does
// not know has not; where systemd cannot be asked, the unit stays as it is.
void forget_failure(const std::string& unit, const SystemdPlaces& places = {}) noexcept;

// True when the host itself is going down.
bool host_is_stopping(const SystemdPlaces& places = {});

}  // namespace vps

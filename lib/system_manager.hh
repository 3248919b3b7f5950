// Requests to systemd (PID 1) over its private socket, as systemctl makes them: no dbus-daemon is
// needed. Each call connects, asks and disconnects at once: PID 1 sends every signal to each open
// connection. org.freedesktop.systemd1(5).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "device.hh"
#include "process.hh"
#include "veid.hh"

namespace vps {

// Makes vps-N.scope in vps-N.slice, delegated, with `pid` (and its future children) in it. Of the
// devices it may use null, zero, full, random, urandom, tty, terminals (DevicePolicy=closed), and
// `devices`. It is ordered before vps@N.service, so that a host shutdown stops the service first.
// PID 1 does the move after it has answered: see wait_for_scope(). The scope of an earlier run,
// which systemd has yet to forget, is waited for. Throws Error System.
void start_scope(Veid veid, pid_t pid, const std::vector<Device>& devices);

// Returns when `process` is in vps-N.scope. Throws Error System when it has ended, or after 30 s.
void wait_for_scope(Veid veid, const Child& process);

// Ends the scope of a VPS whose init has ended: kills what is left in it (processes that entered it
// from outside its pid namespace) and returns when systemd has removed it, or after ten seconds.
// From then on it does not hold vps@N.service up (Upholds=). Throws Error System.
void end_scope(Veid veid);

// Queues a job for a unit. It replaces one of another kind, which is cancelled.
enum class Job { Start, Stop };
void queue_job(const std::string& unit, Job job);

// The type of the job that systemd works on for vps@N.service: "start", "stop", "restart",
// "try-restart", …; empty if there is none.
std::string current_job(Veid veid);

// True when vps@N.service has been active since its last start began. At the stop of one that has
// not, systemd leaves ExecStop= out.
bool has_been_active(Veid veid);

// True when the host itself is going down.
bool host_is_stopping();

}  // namespace vps

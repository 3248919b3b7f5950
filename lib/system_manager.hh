// Requests to systemd (PID 1) over its private socket, as systemctl makes them: no dbus-daemon is
// needed. Each call connects, asks and disconnects at once: PID 1 sends every signal to each open
// connection. org.freedesktop.systemd1(5).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "device.hh"
#include "process.hh"
#include "slice_limits.hh"
#include "veid.hh"

namespace vps {

// Makes vps-N.scope in vps-N.slice, delegated, with `pid` (and its future children) in it. Of the
// devices it may use null, zero, full, random, urandom, tty, terminals (DevicePolicy=closed), and
// `devices`. It is ordered before vps@N.service, so that a host shutdown stops the service first.
// PID 1 does the move after it has answered: see wait_for_scope(). The scope of an earlier run,
// which systemd has yet to forget, is waited for. Throws Error System.
void start_scope(Veid veid, pid_t pid, const std::vector<Device>& devices);

// Makes the limits of vps-N.slice those, and no others, until systemd reads its units again: what
// the configuration says then counts again. Nothing is sent where nothing differs. What an admin's
// drop-in or slice sets is left alone. Returns the limits that are ours. Throws Error System.
std::vector<SliceLimit> update_slice_limits(Veid veid, const std::vector<SliceLimit>& wanted);

// Sets just these, over what there is.
void set_slice_limits(Veid veid, const std::vector<SliceLimit>& limits);

// The same for CPUQuota= of vps-N.scope, which exists; 0: none. Throws Error System.
void update_scope_quota(Veid veid, std::uint64_t percent);

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

// True when the host itself is going down.
bool host_is_stopping();

}  // namespace vps

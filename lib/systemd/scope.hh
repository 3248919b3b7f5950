// Scopes of a VPS: units of processes that systemd (PID 1) has not started itself. PID 1 makes a
// scope around a process, and forgets it with its last process. Callers are root in the host
// context.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "sys/fd.hh"
#include "sys/process.hh"
#include "systemd/places.hh"

namespace vps {

struct ScopeSpec {
    // the scope is in this VPS's slice, and a shutdown of the host stops vps@N.service first
    Veid veid;
    std::string unit;
    std::string description;
    // Adds settings to the request, each "(sv)".
    std::function<void(sd_bus_message*)> add_settings = [](sd_bus_message*) {};
    SystemdPlaces places{};
};

struct Scope {
    std::string unit;
    std::string dir;  // the directory of its cgroup
    Child keeper{};   // the process that PID 1 makes the scope around
    Fd cgroup{};      // the directory, open once the scope is there
    Fd watch{};       // told of new entries in the slice's directory, inotify(7)
    SystemdPlaces places{};
};

// Asks systemd for the scope, delegated, with a keeper: a child that does nothing and ends with the
// caller. A scope of that name that systemd has yet to forget is waited for, ten seconds at most.
// Throws Error System, and there is no scope then.
//
// Returns when systemd has agreed. To make the scope takes PID 1 some ten milliseconds more, in
// which others work: among them is a grace period of the kernel, to put a process into a cgroup.
Scope start_scope(const ScopeSpec& spec);

// Waits until the settings of the scope are in force, `seconds` at most, and opens its cgroup.
// Processes that are cloned into the cgroup do not wait for the kernel. Throws Error System, soon
// where systemd has agreed and then failed to make the scope. A systemd that has a thousand VPSes
// to start at once takes a minute for it.
void await_scope(Scope& scope, unsigned seconds = 300);

// Has systemd move processes into a scope that is there. Throws Error System, also where one of
// them has ended.
void attach_to_scope(const std::string& unit, const std::vector<pid_t>& pids,
                     const SystemdPlaces& places = {});

// Ends the keeper, once other processes are in the scope, and closes the scope's descriptors. To be
// called when there is time: to close a watch takes a grace period of the kernel.
void dismiss_keeper(Scope scope) noexcept;

// Undoes start_scope(), once PID 1 has moved the keeper: a process that ends while PID 1 moves it
// leaves a scope without a process, which nobody forgets.
void abandon_scope(Scope scope) noexcept;

// Kills the processes that are left in the scope of this name, and returns when systemd has removed
// it, or after ten seconds. Throws Error System.
void end_scope(Veid veid, const std::string& unit, const SystemdPlaces& places = {});

}  // namespace vps

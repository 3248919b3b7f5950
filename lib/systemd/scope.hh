// Scopes of a VPS: units of processes that systemd (PID 1) has not started itself. PID 1 makes one
// around a process, and forgets it with the last. For root in the host context.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <string>

#include "config/veid.hh"
#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

struct ScopeSpec {
    Veid veid;  // it is in this VPS's slice, and a shutdown of the host stops vps@N.service first
    std::string unit;
    std::string description;
    // Adds settings to those of the request, each "(sv)".
    std::function<void(sd_bus_message*)> add_settings = [](sd_bus_message*) {};
};

struct Scope {
    std::string unit;
    std::string dir;  // of its cgroup
    Child keeper{};   // the process that PID 1 makes it around
    Fd cgroup{};      // the directory, open once the scope is there
    Fd watch{};       // told of what is made in the slice's, inotify(7)
};

// Asks systemd for the scope, delegated, with a keeper: a child that does nothing and ends when we
// do. A scope of that name that systemd has yet to forget is waited for, ten seconds at most.
// Throws Error System, and there is no scope then.
//
// Returns when systemd has agreed. To make the scope takes PID 1 some ten milliseconds more, in
// which others work: among them is a grace period of the kernel, to put a process into a cgroup.
Scope start_scope(const ScopeSpec& spec);

// Waits until all is in force that the scope has, thirty seconds at most, and opens its cgroup.
// Processes that are cloned into that do not wait for the kernel. Throws Error System.
void await_scope(Scope& scope);

// Ends the keeper, and closes what of the scope is open: others are in it. When there is time: to
// close a watch takes a grace period of the kernel.
void dismiss_keeper(Scope scope) noexcept;

// Undoes start_scope(). Not before PID 1 has moved the keeper: a process that ends while PID 1
// moves it leaves a scope without a process, which nobody forgets.
void abandon_scope(Scope scope) noexcept;

// Kills what is left in the scope of this name, and returns when systemd has removed it, or after
// ten seconds. Throws Error System.
void end_scope(Veid veid, const std::string& unit);

}  // namespace vps

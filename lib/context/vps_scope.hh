// vps-N.scope, the unit and the cgroup of all processes of a VPS: made by systemd (PID 1) with a
// process in it, and gone with the last.
#pragma once

#include <sys/types.h>

#include <vector>

#include "config/veid.hh"
#include "context/device.hh"
#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// Has systemd make vps-N.scope in vps-N.slice, delegated. Of the devices it may use null, zero,
// full, random, urandom, tty, terminals (DevicePolicy=closed), and `devices`. It is ordered before
// vps@N.service, so that a host shutdown stops the service first. The scope of an earlier run,
// which systemd has yet to forget, is waited for. Throws Error System, and there is no scope then.
//
// Returns when systemd has agreed; that takes it some ten milliseconds more, in which others work.
// Among them is a grace period of the kernel, to put a process into a cgroup. It is not the VPS's
// first process that waits for that, but one which only keeps the scope, until dismiss_keeper() or
// end_scope(), whatever becomes of us: the VPS's own are born in it.
void start_scope(Veid veid, const std::vector<Device>& devices);

struct VpsScope {
    Fd cgroup;     // its directory
    Child keeper;  // our parent's child, like us
    Fd watch{};    // told of the directory, inotify(7)
};

// The scope, when all is in force that it has. Throws Error System where nobody has started one, or
// systemd does not come to it within 30 seconds.
VpsScope open_scope(Veid veid);

// Ends the keeper, and closes what of the scope is open: the VPS's init is in it. When there is
// time: to close a watch takes a grace period of the kernel. Throws SysError.
void dismiss_keeper(VpsScope scope);

// Ends the scope of a VPS whose init has ended or was never there: kills what is left in it
// (processes that entered it from outside its pid namespace, a keeper) and returns when systemd has
// removed it, or after ten seconds. From then on it does not hold vps@N.service up (Upholds=).
// Throws Error System.
void end_scope(Veid veid);

}  // namespace vps

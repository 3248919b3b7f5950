// The one table of ways to ask a VPS's init to power off.
#pragma once

#include <string>
#include <string_view>

#include "sys/fd.hh"

namespace vps {

// The identity of an init in /proc. Both values are under the VPS's control: they choose among ways
// to ask the VPS itself, and serve for nothing else.
struct InitIdentity {
    std::string executable;  // base name of /proc/PID/exe: "systemd"
    std::string argument0;   // base name of the first argument: "init"
};

enum class Ask {
    Signal,   // init powers off when it gets `signal`
    Program,  // "/sbin/init 0", run in the VPS context, tells init to power off
};

struct PowerOffRow {
    std::string_view executable;  // InitIdentity::executable; empty: any
    std::string_view argument0;   // empty: any
    Ask ask;
    int signal;
    std::string_view words;  // "sysvinit, upstart or runit, by /sbin/init 0"
};

InitIdentity identify_init(pid_t init);

// The first row of the table that fits; the last row fits always.
const PowerOffRow& find_power_off(const InitIdentity& identity);

}  // namespace vps

// What the processes of a VPS use, by the files of its cgroups: what is in use is the scope's, the
// limits are the slice's. A file that the kernel does not have, or a cgroup that goes meanwhile,
// says nothing. For root on the host.
#pragma once

#include <optional>

#include "list/listed_vps.hh"
#include "list/value.hh"
#include "sys/fd.hh"

namespace vps {

struct VpsCgroups {
    Fd scope, slice;  // directories; empty: it is gone
};

// Fills in held, maxheld and failcnt, and the limits that are in force, of the beancounters that
// these sources (field.hh) tell.
void read_use(const VpsCgroups& cgroups, unsigned sources, Counters& counters);

// Whether all processes of the cgroup stand still.
bool is_frozen(FdRef cgroup);

// How many tasks in the cgroup and below it run, want to run, or wait for a disk: what the kernel
// takes the average of for /proc/loadavg.
double count_load(FdRef cgroup, const char* proc);

}  // namespace vps

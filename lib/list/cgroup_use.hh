// What the processes of a VPS use, by the files of its cgroups: what is in use is the scope's, the
// limits are the slice's. A file that the kernel does not have, or a cgroup that goes meanwhile,
// says nothing. Callers are root on the host.
#pragma once

#include <string>

#include "list/listed_vps.hh"
#include "list/value.hh"
#include "sys/fd.hh"

namespace vps {

// Paths below a directory of cgroups: a file takes one open(2).
struct VpsCgroups {
    FdRef all;  // the directory of vps.slice's cgroup
    std::string slice, scope;
};

// Whether there are processes in the scope, and whether all of them stand still.
struct ScopeState {
    bool is_populated = false, is_frozen = false;
};
ScopeState read_scope(const VpsCgroups& cgroups);

// Fills in held, maxheld and failcnt, and the limits that are in force, of the beancounters that
// these sources (field.hh) tell.
void read_use(const VpsCgroups& cgroups, unsigned sources, Counters& counters);

Activity read_activity(const VpsCgroups& cgroups);

// How many tasks in the scope and below it run, want to run, or wait for a disk: what the kernel
// takes the average of for /proc/loadavg.
double count_load(const VpsCgroups& cgroups, const char* proc);

}  // namespace vps

// A job of a unit from its order to its end, and how the commands of the unit ended, for programs
// whose caller waits (systemctl start does the same). org.freedesktop.systemd1(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "systemd/places.hh"
#include "systemd/system_manager.hh"

namespace vps {

enum class JobEnd {
    Done,
    Canceled,  // another order took its place
    Failed,    // or it took too long, or a unit that it needs failed
};

// Queues a job, in place of one that the unit has, and waits until it is over, however long that
// takes. Throws Error System with systemd's reason, where it takes no such order.
JobEnd do_job(const std::string& unit, Job job, const SystemdPlaces& places = {});

// "active", "inactive", "failed", "activating", … Throws Error System.
std::string active_state(const std::string& unit, const SystemdPlaces& places = {});

// A command of a service that has failed: the line of the unit, "ExecStartPre", and its exit code,
// or 0 where a signal ended it.
struct FailedCommand {
    std::string line;
    int exit_code;
};

// The commands of the VPS's service that have begun since then (microseconds of the wall clock) and
// failed, in the order of the unit's lines. Throws Error System.
std::vector<FailedCommand> find_failed_commands(Veid veid, std::uint64_t since,
                                                const SystemdPlaces& places = {});

}  // namespace vps

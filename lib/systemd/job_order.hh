// Orders of jobs on a connection to systemd, and how the jobs end, for rooms that wait for them
// (org.freedesktop.systemd1(5)).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "systemd/system_bus.hh"
#include "systemd/system_manager.hh"

namespace vps {

// The call that queues a job in place of one that the unit has. Throws SysError.
Message new_order(const Bus& bus, const std::string& unit, Job job);

// Queues it and returns the object of the job. Throws Error System with systemd's reason.
std::string order_job(const Bus& bus, const std::string& unit, Job job);

// The result of the job, "done", "canceled", "failed", …, when it is over; nothing at the deadline.
// Throws SysError, also when systemd ends the connection.
std::optional<std::string> await_job(const Bus& bus, const std::string& job,
                                     const Deadline& deadline);

// Calls `see` for each command of that line of a service, "ExecStop" for instance.
struct CommandRun {
    // the last time, on the wall clock and the monotonic one, in microseconds; 0: never
    std::uint64_t began, began_monotonic;
    std::int32_t code, status;  // how it ended, as waitid(2) has it; 0 while it runs
};
void for_each_command(const Bus& bus, const std::string& service, const char* line,
                      const std::function<void(const CommandRun&)>& see);

}  // namespace vps

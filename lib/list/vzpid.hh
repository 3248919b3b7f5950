// vzpid: the VPS that a process is in, by its cgroup. For any user.
#pragma once

#include <span>
#include <string>

namespace vps {

std::string pid_help();

// A header, and a line for each process that is there; VEID 0 is the host. `proc` is procfs. What
// is no number is passed over.
std::string list_pids(std::span<const std::string> pids, const std::string& proc = "/proc");

}  // namespace vps

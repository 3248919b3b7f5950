// What a supervisor has of a running VPS, and how it goes from vps-run, which has started or
// adopted the VPS, to vps-supervise: that is executed in the place of vps-run, as the parent of the
// same init, and from an older vps-supervise to a newer one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "life/boot_watch.hh"
#include "sys/fd.hh"

namespace vps {

// How a supervisor learns in what way init has ended: as its parent; as the tracer of an adopted
// one, which it has yet to become, or is.
enum class Kinship { Parent, Adopter, Tracer };

struct Supervised {
    Veid veid;
    pid_t init = 0;
    Kinship kinship = Kinship::Parent;
    Fd init_handle{};
    // Each of these may be empty.
    Fd console{}, listener{};
    Fd output{}, errors{};            // what processes that N.start has left print
    std::vector<Fd> held{};           // to be kept open: file systems that are held, the lease
    std::optional<BootWatch> boot{};  // READY=1 is still to come
    std::string remark{};             // what STATUS says after that the VPS runs
};

// Executes vps-supervise with it. Throws SysError where that cannot be executed.
[[noreturn]] void execute_supervisor(const Supervised& vps);

// The same from the command line of vps-supervise, from the VEID on. Its descriptors are closed on
// exec again. Throws Error Usage, SysError.
Supervised read_supervised(std::span<const char* const> words);

}  // namespace vps

// systemd-machined's list of the machines of this host (org.freedesktop.machine1(5)). Callers are
// root in the host context.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace vps {

struct Machine {
    std::string name;
    std::array<std::uint8_t, 16> id;  // of machine-id(5); zeros where it has none
    pid_t leader;                     // whose unit is the machine's
    std::string root;
    std::vector<int> interfaces;  // of the host, that lead to the machine; indices
};

// Puts the machine on the list, from which machined drops it when its leader has ended. One that is
// there already stays as it is; another one of that name is waited for, ten seconds at most. False
// where the host has no machined, or no message bus. Throws Error System.
bool register_machine(const Machine& machine);

}  // namespace vps

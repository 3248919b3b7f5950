// The steps of the first process that make /dev, with the console. Each is called once, in the
// order of become_init.cc, and returns 0 or the errno of its failure.
#pragma once

#include "context/become_init.hh"

namespace vps {

int make_dev(ContextSetup& setup) noexcept;

// Keeps a /proc and a /sys that nothing covers, for user namespaces within the VPS.
int keep_uncovered(ContextSetup& setup) noexcept;

// Makes the console, and sends its master to the supervisor.
int hand_over_console(ContextSetup& setup) noexcept;

// Makes the console the terminal of this process, and its standard streams.
int take_console(ContextSetup&) noexcept;

}  // namespace vps

// Signals that a program reads from a descriptor, and which do not act on it then.
#pragma once

#include <functional>
#include <span>

#include "sys/fd.hh"

namespace vps::sys {

// In shells' terms, the exit code of a program that a signal has ended is this and the signal.
inline constexpr int kSignalled = 128;

// Blocks the signals and returns the descriptor (signalfd(2)) that they can be read from. They stay
// blocked. Throws SysError.
Fd catch_signals(std::span<const int> signals);

// Calls `take` with each signal that has come. Does not wait.
void take_signals(FdRef caught, const std::function<void(int)>& take);

}  // namespace vps::sys

#include "sys/caught_signals.hh"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "sys/error.hh"

namespace vps::sys {

Fd catch_signals(std::span<const int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals)
        sigaddset(&set, signal);
    if (sigprocmask(SIG_BLOCK, &set, nullptr) < 0)
        throw SysError(errno, "block signals");
    Fd caught(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!caught)
        throw SysError(errno, "wait for signals");
    return caught;
}

void take_signals(FdRef caught, const std::function<void(int)>& take) {
    signalfd_siginfo info{};
    while (read(caught.get(), &info, sizeof info) == sizeof info)
        take(static_cast<int>(info.ssi_signo));
}

}  // namespace vps::sys

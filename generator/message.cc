#include "generator/message.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace vps {

// PID 1 sets SYSTEMD_SCOPE for the generators that it runs (systemd.generator(7)).
static int open_kernel_log() {
    const char* scope = getenv("SYSTEMD_SCOPE");
    return scope ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY) : -1;
}

void say(Priority priority, const std::string& text) {
    static const int kernel_log = open_kernel_log();
    // A record of the kernel's log holds less than 1 KiB.
    const auto shown = text.substr(0, 800);
    const auto line = kernel_log >= 0
                          ? "<" + std::to_string(static_cast<int>(priority)) +
                                ">systemd-vps-generator[" + std::to_string(getpid()) + "]: " + shown
                          : "systemd-vps-generator: " + shown;
    // A failure to write is ignored: there is nowhere to report it.
    (void)!write(kernel_log >= 0 ? kernel_log : STDERR_FILENO, (line + "\n").data(),
                 line.size() + 1);
}

}  // namespace vps

// The init that the starts are measured with, the same for all launchers: says when it was executed
// (CLOCK_MONOTONIC, in nanoseconds, on the end of /stamp), and ends; where there is a /stay, at a
// signal that asks an init to power off.

#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <initializer_list>

static void power_off(int) {
    (void)reboot(RB_POWER_OFF);
    _exit(0);
}

int main() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGPWR, SIGRTMIN + 3, SIGRTMIN + 4})
        std::signal(signal, power_off);
    char text[32];
    const int length =
        snprintf(text, sizeof text, "%lld%09ld\n", static_cast<long long>(now.tv_sec), now.tv_nsec);
    const int file = open("/stamp", O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0 || write(file, text, static_cast<size_t>(length)) != length)
        return 1;
    while (access("/stay", F_OK) == 0)
        pause();
    return 0;
}

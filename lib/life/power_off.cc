#include "life/power_off.hh"

#include <array>
#include <csignal>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// Signals for systemd: systemd(1), "Signals"; SIGRTMIN as glibc and musl number it for their
// callers is 34, and that is what systemd counts from. busybox: init.c of it (SIGUSR2 runs the
// shutdown entries of inittab and powers off). openrc-init: openrc-init(8).
constexpr int kSystemdPowerOff = 34 + 4;

constexpr std::array kTable{
    PowerOffRow{"systemd", "", Ask::Signal, kSystemdPowerOff, "systemd, by SIGRTMIN+4"},
    PowerOffRow{"busybox", "init", Ask::Signal, SIGUSR2, "busybox init, by SIGUSR2"},
    PowerOffRow{"busybox", "linuxrc", Ask::Signal, SIGUSR2, "busybox init, by SIGUSR2"},
    PowerOffRow{"openrc-init", "", Ask::Signal, SIGTERM, "openrc-init, by SIGTERM"},
    PowerOffRow{"init", "", Ask::Program, 0, "sysvinit or upstart, by /sbin/init 0"},
    PowerOffRow{"runit", "", Ask::Program, 0, "runit, by /sbin/init 0"},
    // Any other init gets the signal that container managers send by convention.
    PowerOffRow{"", "", Ask::Signal, SIGTERM, "an init of unknown kind, by SIGTERM"},
};

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace

InitIdentity identify_init(pid_t init) {
    const std::string dir = "/proc/" + std::to_string(init);
    InitIdentity identity;
    try {
        std::string executable = base_name(sys::readlink(dir + "/exe"));
        // "(deleted)": the VPS has upgraded its init since it booted.
        executable = executable.substr(0, executable.find(' '));
        identity.executable = executable;
        const std::string arguments = sys::read_file(dir + "/cmdline");
        identity.argument0 =
            base_name(arguments.substr(0, arguments.find_first_of(std::string("\0 ", 2))));
    } catch (const Error&) {
        // Init has gone, or has no executable: the last row fits.
    }
    return identity;
}

const PowerOffRow& find_power_off(const InitIdentity& identity) {
    for (const PowerOffRow& row : kTable)
        if ((row.executable.empty() || row.executable == identity.executable) &&
            (row.argument0.empty() || row.argument0 == identity.argument0))
            return row;
    return kTable.back();
}

}  // namespace vps

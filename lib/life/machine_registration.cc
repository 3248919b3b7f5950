#include "life/machine_registration.hh"

#include <unistd.h>

#include <csignal>
#include <string>

#include "installed.hh"
#include "sys/error.hh"
#include "sys/program.hh"
#include "systemd/masked.hh"

namespace vps {

namespace {

// The file by which the message bus knows how to start machined.
constexpr const char* kActivation =
    "/usr/share/dbus-1/system-services/org.freedesktop.machine1.service";

}  // namespace

void register_machine(Veid veid, const Log& log) {
    if (access(kActivation, F_OK) < 0 || is_masked("systemd-machined.service"))
        return;
    try {
        start_program({installed::kVpsMachine, veid.to_string()}, SIGKILL).release();
    } catch (const Error& error) {  // the VPS has NUMPROC processes, for instance
        log.say(Level::Info, std::string("not registered with systemd-machined: ") + error.what());
    }
}

}  // namespace vps

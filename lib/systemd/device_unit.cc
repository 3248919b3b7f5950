#include "systemd/device_unit.hh"

#include <poll.h>

#include "sys/error.hh"
#include "sys/process.hh"
#include "systemd/unit_job.hh"
#include "systemd/unit_path.hh"

namespace vps {

namespace {

constexpr unsigned kPatience = 10;  // seconds
constexpr int kPause = 20;          // milliseconds

}  // namespace

void await_device(const std::string& path, DeviceState state, const SystemdPlaces& places) {
    const std::string unit = unit_of_path(path, ".device");
    if (unit.empty())
        return;
    const Deadline deadline = deadline_after(kPatience);
    try {
        // A device that is only in the table of mounts is "activating".
        while ((active_state(unit, places) == "active") != (state == DeviceState::There) &&
               milliseconds_until(deadline) != 0)
            (void)poll(nullptr, 0, kPause);
    } catch (const Error&) {
        // Whoever is without systemd has none that dismounts.
    }
}

}  // namespace vps

#include "systemd/own_scope.hh"

#include <fmt/format.h>
#include <poll.h>

#include <cstdint>

#include "sys/error.hh"
#include "systemd/cgroup.hh"
#include "systemd/system_bus.hh"

namespace vps {

namespace {

constexpr unsigned kPatience = 10;  // seconds
constexpr int kPause = 5;           // milliseconds

Answer request_scope(const std::string& unit, const std::string& description, pid_t pid,
                     const SystemdPlaces& places) {
    const Bus bus = connect(places);
    const Message message = new_call(bus, "StartTransientUnit");
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "ssa(sv)a(sa(sv))", unit.c_str(), "fail", 3U,  //
                                "Description", "s", description.c_str(),          //
                                "PIDs", "au", 1U, static_cast<std::uint32_t>(pid), "CollectMode",
                                "s", "inactive-or-failed",  //
                                0U),
          "fill bus message");
    return call(bus, message, "start " + unit);
}

bool is_in(const std::string& unit, pid_t pid) {
    return cgroup_of(std::to_string(pid)).ends_with("/" + unit);
}

}  // namespace

void move_to_own_scope(const std::string& unit, const std::string& description, pid_t pid,
                       const SystemdPlaces& places) {
    const Deadline deadline = deadline_after(kPatience);
    const auto still_waits = [&] {
        (void)poll(nullptr, 0, kPause);
        return milliseconds_until(deadline) != 0;
    };
    while (patiently([&] { return request_scope(unit, description, pid, places); }) ==
           Answer::UnitExists)
        if (is_in(unit, pid) || !still_waits())
            break;
    while (!is_in(unit, pid))
        if (!still_waits())
            throw Error(ExitCode::System,
                        fmt::format("systemd has put no process into {0} within {1} seconds; look "
                                    "at systemctl status {0}",
                                    unit, kPatience));
}

}  // namespace vps

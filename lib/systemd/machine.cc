#include "systemd/machine.hh"

#include <fmt/format.h>
#include <poll.h>

#include "sys/error.hh"
#include "systemd/system_bus.hh"

namespace vps {

namespace {

constexpr const char* kService = "org.freedesktop.machine1";
constexpr const char* kPath = "/org/freedesktop/machine1";
constexpr const char* kManager = "org.freedesktop.machine1.Manager";

constexpr unsigned kRoomPatience = 120;  // seconds
constexpr int kRoomPause = 500;          // milliseconds

enum class Outcome { Registered, NameTaken, NoMachined };

Message new_registration(const Bus& bus, const Machine& machine) {
    constexpr const char* kFill = "fill bus message";
    sd_bus_message* raw = nullptr;
    check(sd_bus_message_new_method_call(bus.get(), &raw, kService, kPath, kManager,
                                         "RegisterMachineWithNetwork"),
          "create bus message");
    Message message(raw);
    check(sd_bus_message_append(raw, "s", machine.name.c_str()), kFill);
    check(sd_bus_message_append_array(raw, 'y', machine.id.data(), machine.id.size()), kFill);
    check(sd_bus_message_append(raw, "ssus", "systemd-vps", "container",
                                static_cast<std::uint32_t>(machine.leader), machine.root.c_str()),
          kFill);
    check(sd_bus_message_append_array(raw, 'i', machine.interfaces.data(),
                                      machine.interfaces.size() * sizeof(int)),
          kFill);
    return message;
}

Outcome try_to_register(const Bus& bus, const Machine& machine) {
    const Message message = new_registration(bus, machine);
    sd_bus_error error{};
    const int result = sd_bus_call(bus.get(), message.get(), 0, &error, nullptr);
    const auto is = [&](const char* name) { return sd_bus_error_has_name(&error, name) != 0; };
    const bool taken = is("org.freedesktop.machine1.MachineExists");
    const bool absent = is("org.freedesktop.DBus.Error.ServiceUnknown");
    const std::string reason = error.message ? error.message : "";
    sd_bus_error_free(&error);
    if (taken || absent)
        return taken ? Outcome::NameTaken : Outcome::NoMachined;
    if (result < 0)
        throw Error(ExitCode::System, fmt::format("register with systemd-machined: {}", reason));
    return Outcome::Registered;
}

bool is_registered(const Bus& bus, pid_t leader) {
    sd_bus_error error{};
    const int result = sd_bus_call_method(bus.get(), kService, kPath, kManager, "GetMachineByPID",
                                          &error, nullptr, "u", static_cast<std::uint32_t>(leader));
    sd_bus_error_free(&error);
    return result >= 0;
}

}  // namespace

bool register_machine(const Machine& machine) {
    if (access("/run/dbus/system_bus_socket", F_OK) < 0)
        return false;
    // dbus-daemon refuses the 257th connection of a user (max_connections_per_user).
    const Bus bus = retry(
        kRoomPatience, kRoomPause, [](int errnum) { return errnum == ENOBUFS || errnum == EAGAIN; },
        [] { return connect_by_message_bus(BusUse::Machine); });
    for (const Deadline deadline = deadline_after(10);;) {
        const Outcome outcome = try_to_register(bus, machine);
        if (outcome != Outcome::NameTaken || is_registered(bus, machine.leader))
            return outcome != Outcome::NoMachined;
        if (milliseconds_until(deadline) == 0)
            throw Error(ExitCode::System,
                        fmt::format("register with systemd-machined: it has another machine '{}'",
                                    machine.name));
        (void)poll(nullptr, 0, 200);
    }
}

}  // namespace vps

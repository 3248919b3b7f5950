// A connection to systemd (PID 1), for rooms that make requests. Each request connects, asks and
// disconnects at once: PID 1 sends every signal to each open connection. sd-bus(3),
// org.freedesktop.systemd1(5).
#pragma once

#include <poll.h>

#include <cerrno>
#include <memory>
#include <string>

#include "sys/error.hh"
#include "sys/fd.hh"
#include "sys/process.hh"
#include "systemd/bus_slot.hh"
#include "systemd/libsystemd.hh"
#include "systemd/places.hh"

namespace vps {

struct CloseBus {
    Fd slot{};  // of the message bus
    void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
struct DropMessage {
    void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;
using Message = std::unique_ptr<sd_bus_message, DropMessage>;

inline constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
inline constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
inline constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";

// Throws SysError for a negative result of sd-bus.
void check(int result, const char* verb);

// A connection over systemd's private socket, which is always there. Throws SysError.
Bus connect(const SystemdPlaces& places = {});

// A connection by way of the message bus (dbus-daemon, dbus-broker), where the host has one. The
// bus spares PID 1 the making known of all its objects to a new connection; but a bus may not
// answer, which is found out here within seconds, or not know systemd for a moment: see ask().
// Throws SysError, EAGAIN where all slots of that use are taken.
Bus connect_by_message_bus(BusUse use, const SystemdPlaces& places = {});

// A call of the manager's method, to which the caller appends arguments. Throws SysError.
Message new_call(const Bus& bus, const char* method);

enum class Answer { Done, UnitExists };

// Waits for the answer, as long as a systemd may need that has much to do. `what` is for the error.
// Throws Error System with systemd's reason; SysError where there is no answer.
Answer call(const Bus& bus, const Message& message, const std::string& what);

// The path of a unit's object. Throws SysError.
std::string unit_path(const std::string& unit);

// A property's value, to be read from the message; `type` is its signature. Throws SysError.
Message get_property(const Bus& bus, const std::string& path, const char* interface,
                     const char* property, const char* type);

// All properties of an object, of all its interfaces: "a{sv}". Throws SysError.
Message get_all_properties(const Bus& bus, const std::string& path);

// A property that is a string. Throws SysError.
std::string get_string(const Bus& bus, const std::string& path, const char* interface,
                       const char* property);

// True for the errors of a connection that systemd has ended.
inline bool is_hung_up(int errnum) {
    return errnum == ECONNRESET || errnum == ENOTCONN || errnum == EPIPE;
}

// Calls `operation` again, for so many seconds and with pauses of so many milliseconds, while it
// throws a SysError that passes. It may take effect more than once.
template <typename Operation>
auto retry(unsigned seconds, int pause, bool (*is_passing)(int errnum),
           const Operation& operation) {
    const Deadline deadline = deadline_after(seconds);
    for (;;) {
        try {
            return operation();
        } catch (const SysError& error) {
            if (!is_passing(error.errnum()) || milliseconds_until(deadline) == 0)
                throw;
            (void)poll(nullptr, 0, pause);
        }
    }
}

// Until systemd answers, for ten seconds: while systemd re-executes itself (systemctl
// daemon-reexec) its socket refuses or drops connections. `operation` may run twice.
template <typename Operation>
auto patiently(const Operation& operation) {
    constexpr auto kIsAway = [](int errnum) {
        return is_hung_up(errnum) || errnum == ECONNREFUSED || errnum == ENOENT;
    };
    return retry(10, 50, kIsAway, operation);
}

// For what every start or stop asks: `operation`, with a connection by way of the message bus, and
// where that fails with one to systemd's own socket, patiently. It may run more than once.
template <typename Operation>
auto ask(const SystemdPlaces& places, const Operation& operation) {
    // For a slot: a PID 1 that starts a thousand VPSes answers nobody meanwhile.
    constexpr unsigned kPatience = 60;  // seconds
    constexpr int kPause = 250;         // milliseconds
    constexpr auto kIsFull = [](int errnum) { return errnum == EAGAIN; };
    try {
        return operation(retry(kPatience, kPause, kIsFull,
                               [&] { return connect_by_message_bus(BusUse::Manager, places); }));
    } catch (const Error&) {
        // systemd's own socket is asked, or says why not.
    }
    return patiently([&] { return operation(connect(places)); });
}

}  // namespace vps

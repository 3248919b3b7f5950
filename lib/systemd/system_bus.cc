#include "systemd/system_bus.hh"

#include <fmt/format.h>

#include <cstdlib>

namespace vps {

namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr unsigned kBusPatience = 5;  // seconds
// For an answer of systemd, which may have a thousand units to start.
constexpr std::uint64_t kAnswerMicroseconds = 90'000'000;
using CString = std::unique_ptr<char, decltype(&std::free)>;

}  // namespace

void check(int result, const char* verb) {
    if (result < 0)
        throw SysError(-result, verb);
}

Bus connect(const SystemdPlaces& places) {
    sd_bus* raw = nullptr;
    check(sd_bus_new(&raw), "create bus connection");
    Bus bus(raw);
    check(sd_bus_set_method_call_timeout(raw, kAnswerMicroseconds), "set bus timeout");
    check(sd_bus_set_address(raw, ("unix:path=" + places.socket).c_str()), "set bus address");
    const int started = sd_bus_start(raw);
    if (started < 0)
        throw SysError(-started, "connect to systemd at", places.socket);
    return bus;
}

Bus connect_by_message_bus(BusUse use, const SystemdPlaces& places) {
    Fd slot = take_bus_slot(use, places.bus_slots);
    sd_bus* raw = nullptr;
    check(sd_bus_open_system(&raw), "connect to the message bus");
    Bus bus(raw, {std::move(slot)});
    // sd_bus_call() would wait a minute and a half for the bus's answer.
    const Deadline deadline = deadline_after(kBusPatience);
    for (int ready = 0; (ready = sd_bus_is_ready(raw)) <= 0;) {
        check(ready, "connect to the message bus");
        const int left = milliseconds_until(deadline);
        check(left == 0 ? -ETIMEDOUT : sd_bus_wait(raw, std::uint64_t{1000} * left),
              "wait for the message bus");
        check(sd_bus_process(raw, nullptr), "connect to the message bus");
    }
    check(sd_bus_set_method_call_timeout(raw, kAnswerMicroseconds), "set bus timeout");
    return bus;
}

Message new_call(const Bus& bus, const char* method) {
    sd_bus_message* raw = nullptr;
    check(sd_bus_message_new_method_call(bus.get(), &raw, kService, kManagerPath, kManager, method),
          "create bus message");
    return Message(raw);
}

Answer call(const Bus& bus, const Message& message, const std::string& what) {
    sd_bus_error error{};
    const int result = sd_bus_call(bus.get(), message.get(), 0, &error, nullptr);
    const bool exists = sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists") != 0;
    const std::string reason = error.message ? error.message : "";
    sd_bus_error_free(&error);
    if (exists)
        return Answer::UnitExists;
    // sd-bus gives a text to a lost connection, too.
    if (result < 0 && !reason.empty() && !is_hung_up(-result))
        throw Error(ExitCode::System, fmt::format("{}: {}", what, reason));
    check(result, what.c_str());
    return Answer::Done;
}

std::string unit_path(const std::string& unit) {
    char* raw = nullptr;
    check(sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &raw),
          "name the unit's object");
    const CString path(raw, std::free);
    return path.get();
}

Message get_property(const Bus& bus, const std::string& path, const char* interface,
                     const char* property, const char* type) {
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int result = sd_bus_get_property(bus.get(), kService, path.c_str(), interface, property,
                                           &error, &raw, type);
    sd_bus_error_free(&error);
    if (result < 0)
        throw SysError(-result, "ask systemd for", property);
    return Message(raw);
}

Message get_all_properties(const Bus& bus, const std::string& path) {
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int result =
        sd_bus_call_method(bus.get(), kService, path.c_str(), "org.freedesktop.DBus.Properties",
                           "GetAll", &error, &raw, "s", "");
    sd_bus_error_free(&error);
    if (result < 0)
        throw SysError(-result, "ask systemd for the properties of", path);
    return Message(raw);
}

std::string get_string(const Bus& bus, const std::string& path, const char* interface,
                       const char* property) {
    const Message reply = get_property(bus, path, interface, property, "s");
    const char* text = nullptr;
    check(sd_bus_message_read(reply.get(), "s", &text), property);
    return text;
}

}  // namespace vps

// A process in PID 1's place: it answers on a socket of its own, as systemd does on
// /run/systemd/private, and on another as a message bus does, and notes what it was asked. What it
// answers is a function of the test, which runs in that process.
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "systemd/places.hh"
#include "temporary_directory.hh"

namespace vps {

enum class Way { Socket, Bus };

// A call of a method, its arguments as text: "vps@101.service replace". The settings of an "a(sv)"
// among them stand apart, a line each: "MemoryMax=t 4096".
struct Request {
    Way way;
    std::string method, object, arguments;
    std::vector<std::string> settings;
    unsigned count;  // of the calls of this method on this way, from 1

    // "bus StartUnit vps@101.service replace", with "of OBJECT" where it is not the manager's
    [[nodiscard]] std::string to_string() const;
};

// The answer to a call: values, an error, or the end of the connection.
struct Reply {
    std::function<void(sd_bus_message*)> values = [](sd_bus_message*) {};
    std::string error{}, text{};          // the error's name, as D-Bus has it, and what it says
    bool hangs_up = false;                // the connection ends instead
    std::function<void(sd_bus*)> then{};  // after the answer has been sent
};

Reply refuse(const std::string& error, const std::string& text);
Reply hang_up();
// A value in the form in which sd_bus_message_append(3) takes it.
template <typename Value>
auto plain(const Value& value) {
    if constexpr (std::is_same_v<Value, std::string>)
        return value.c_str();
    else
        return value;
}

// A property's value as the answer to Get.
template <typename... Values>
Reply property(const char* type, Values... values) {
    return {.values = [=](sd_bus_message* m) {
        ::sd_bus_message_open_container(m, 'v', type);
        ::sd_bus_message_append(m, type, plain(values)...);
        ::sd_bus_message_close_container(m);
    }};
}
// A job that is queued, as StartUnit and others answer.
Reply job(unsigned id);
std::string job_path(unsigned id);
// Says that a job has ended: "done", "failed", "canceled".
void remove_job(sd_bus* bus, unsigned id, const std::string& unit, const std::string& result);
// A job of vps@101.service that is queued, and ends so; one of another unit ends before it.
Reply job_that_ends(unsigned id, const char* result);

// The text of the Error that `step` throws; "no error" where it throws none.
std::string text_of_error(const std::function<void()>& step);

class SystemdPeer {
  public:
    explicit SystemdPeer(std::function<Reply(const Request&)> answer);
    ~SystemdPeer();
    SystemdPeer(const SystemdPeer&) = delete;
    SystemdPeer& operator=(const SystemdPeer&) = delete;

    [[nodiscard]] const TemporaryDirectory& dir() const { return dir_; }
    [[nodiscard]] SystemdPlaces places() const;
    // The value of DBUS_SYSTEM_BUS_ADDRESS for the bus.
    [[nodiscard]] std::string bus_address() const;

    // The requests until now.
    [[nodiscard]] std::vector<Request> requests() const;
    // The same, each as to_string() has it.
    [[nodiscard]] std::vector<std::string> asked() const;
    // The settings of the last request of this method.
    [[nodiscard]] std::vector<std::string> settings_of(const std::string& method) const;

  private:
    TemporaryDirectory dir_;
    pid_t pid_ = -1;
};

}  // namespace vps

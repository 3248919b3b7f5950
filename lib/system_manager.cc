#include "system_manager.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include "cgroup.hh"
#include "error.hh"
#include "process.hh"
#include "sys.hh"
#include "unit_name.hh"

namespace vps {

namespace {

constexpr const char* kSocket = "unix:path=/run/systemd/private";
constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

struct CloseBus {
    void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
struct DropMessage {
    void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;
using Message = std::unique_ptr<sd_bus_message, DropMessage>;

void check(int result, const char* verb) {
    if (result < 0)
        throw SysError(-result, verb);
}

Bus connect() {
    sd_bus* raw = nullptr;
    check(sd_bus_new(&raw), "create bus connection");
    Bus bus(raw);
    check(sd_bus_set_address(raw, kSocket), "set bus address");
    const int started = sd_bus_start(raw);
    if (started < 0)
        throw SysError(-started, "connect to systemd at", "/run/systemd/private");
    return bus;
}

Message new_call(const Bus& bus, const char* method) {
    sd_bus_message* raw = nullptr;
    check(sd_bus_message_new_method_call(bus.get(), &raw, kService, kPath, kManager, method),
          "create bus message");
    return Message(raw);
}

enum class Answer { Done, UnitExists };

Answer call(const Bus& bus, const Message& message, const std::string& what) {
    sd_bus_error error{};
    const int result = sd_bus_call(bus.get(), message.get(), 30'000'000, &error, nullptr);
    const bool exists = sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists") != 0;
    const std::string reason = error.message ? error.message : "";
    sd_bus_error_free(&error);
    if (exists)
        return Answer::UnitExists;
    if (result < 0 && !reason.empty())
        throw Error(ExitCode::System, fmt::format("{}: {}", what, reason));
    check(result, what.c_str());
    return Answer::Done;
}

// While systemd re-executes itself (systemctl daemon-reexec) its socket refuses or drops
// connections: calls `operation` again until it answers, for ten seconds. It may run twice.
template <typename Operation>
auto patiently(const Operation& operation) {
    const Deadline deadline = deadline_after(10);
    for (;;) {
        try {
            return operation();
        } catch (const SysError& error) {
            const int reason = error.errnum();
            const bool away = reason == ECONNREFUSED || reason == ECONNRESET ||
                              reason == ENOTCONN || reason == EPIPE || reason == ENOENT;
            if (!away || milliseconds_until(deadline) == 0)
                throw;
            (void)poll(nullptr, 0, 50);
        }
    }
}

using CString = std::unique_ptr<char, decltype(&std::free)>;

std::string get_string(const Bus& bus, const char* path, const char* interface,
                       const char* property) {
    sd_bus_error error{};
    char* raw = nullptr;
    const int result =
        sd_bus_get_property_string(bus.get(), kService, path, interface, property, &error, &raw);
    sd_bus_error_free(&error);
    check(result, property);
    const CString text(raw, std::free);
    return text.get();
}

}  // namespace

// DeviceAllow= knows a device by its numbers, all of a kind by the name of their driver.
static std::string name_device(const Device& device) {
    const char* kind = device.block ? "block" : "char";
    if (device.minor)
        return fmt::format("/dev/{}/{}:{}", kind, device.major, *device.minor);
    const std::string text = sys::read_file("/proc/devices");
    const std::size_t blocks = text.find("Block devices:");
    std::istringstream lines(device.block ? text.substr(std::min(blocks, text.size()))
                                          : text.substr(0, blocks));
    for (std::string line; std::getline(lines, line);) {
        unsigned number = 0;
        std::string name;
        if (std::istringstream(line) >> number >> name && number == device.major)
            return fmt::format("{}-{}", kind, name);
    }
    return {};  // the kernel has no such devices
}

static void append_devices(sd_bus_message* m, const std::vector<Device>& devices) {
    constexpr const char* kWhat = "fill bus message";
    check(sd_bus_message_open_container(m, 'r', "sv"), kWhat);
    check(sd_bus_message_append(m, "s", "DeviceAllow"), kWhat);
    check(sd_bus_message_open_container(m, 'v', "a(ss)"), kWhat);
    check(sd_bus_message_open_container(m, 'a', "(ss)"), kWhat);
    for (const Device& device : devices)
        if (const std::string name = name_device(device); !name.empty())
            check(sd_bus_message_append(m, "(ss)", name.c_str(), device.access.c_str()), kWhat);
    for (int containers = 0; containers < 3; ++containers)
        check(sd_bus_message_close_container(m), kWhat);
}

static Answer try_to_start_scope(Veid veid, pid_t pid, const std::vector<Device>& devices) {
    const Bus bus = connect();
    const Message message = new_call(bus, "StartTransientUnit");
    const std::string description = fmt::format("VPS {}: its processes", veid.value());
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "ss", scope_unit(veid).c_str(), "fail"), "fill bus message");
    check(sd_bus_message_open_container(m, 'a', "(sv)"), "fill bus message");
    check(sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)",          //
                                "Description", "s", description.c_str(),            //
                                "Slice", "s", slice_unit(veid).c_str(),             //
                                "PIDs", "au", 1U, static_cast<std::uint32_t>(pid),  //
                                "Delegate", "b", 1,                                 //
                                "Before", "as", 1U, service_unit(veid).c_str(),     //
                                "CollectMode", "s", "inactive-or-failed",           //
                                "DevicePolicy", "s", "closed",                      //
                                "TasksMax", "t", UINT64_MAX,  // NUMPROC is the slice's
                                "TimeoutStopUSec", "t", std::uint64_t{10'000'000}),
          "fill bus message");
    append_devices(m, devices);
    check(sd_bus_message_close_container(m), "fill bus message");
    check(sd_bus_message_append(m, "a(sa(sv))", 0U), "fill bus message");
    return call(bus, message, "start " + scope_unit(veid));
}

static bool is_in_scope(Veid veid, pid_t pid) {
    return cgroup_of(std::to_string(pid)).ends_with("/" + scope_unit(veid));
}

void start_scope(Veid veid, pid_t pid, const std::vector<Device>& devices) {
    const Deadline deadline = deadline_after(10);
    while (patiently([&] { return try_to_start_scope(veid, pid, devices); }) ==
           Answer::UnitExists) {
        if (is_in_scope(veid, pid))
            return;  // it was done, and the answer lost
        if (milliseconds_until(deadline) == 0)
            throw Error(
                ExitCode::System,
                fmt::format("{0} of an earlier run is still there; look at systemctl status {0}",
                            scope_unit(veid)));
        (void)poll(nullptr, 0, 20);
    }
}

void wait_for_scope(Veid veid, const Child& process) {
    const Deadline deadline = deadline_after(30);
    for (int pause = 1;; pause = pause < 16 ? pause * 2 : pause) {
        if (is_in_scope(veid, process.pid()))
            return;
        if (milliseconds_until(deadline) == 0)
            throw Error(ExitCode::System, "start " + scope_unit(veid) +
                                              ": systemd did not move init into it in 30 seconds");
        pollfd ended{process.pidfd().get(), POLLIN, 0};
        if (poll(&ended, 1, pause) > 0)
            throw Error(ExitCode::System, "the VPS's first process ended unexpectedly");
    }
}

void queue_job(const std::string& unit, Job job) {
    patiently([&] {
        const Bus bus = connect();
        const Message message = new_call(bus, job == Job::Start ? "StartUnit" : "StopUnit");
        check(sd_bus_message_append(message.get(), "ss", unit.c_str(), "replace"),
              "fill bus message");
        (void)call(bus, message, "queue a job for " + unit);
    });
}

// Waits until the directory is gone; false if it is still there after `milliseconds`.
static bool wait_for_removal(const std::string& dir, unsigned milliseconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (int pause = 1; access(dir.c_str(), F_OK) == 0; pause = pause < 16 ? pause * 2 : pause) {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        (void)poll(nullptr, 0, pause);
    }
    return true;
}

void end_scope(Veid veid) {
    const std::string cgroup =
        "/sys/fs/cgroup/vps.slice/" + slice_unit(veid) + "/" + scope_unit(veid);
    const Fd kill(open((cgroup + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
    if (!kill)
        return;  // gone already, as it mostly is
    (void)!write(kill.get(), "1", 1);
    // A scope whose only process died while it was being moved there would stay for good.
    if (wait_for_removal(cgroup, 300))
        return;
    try {
        queue_job(scope_unit(veid), Job::Stop);
    } catch (const Error&) {
        // It has gone by itself. If not, the next start says so; dismounting must not wait for it.
    }
    (void)wait_for_removal(cgroup, 10'000);
}

static std::string find_current_job(Veid veid) {
    const Bus bus = connect();
    char* path = nullptr;
    check(sd_bus_path_encode("/org/freedesktop/systemd1/unit", service_unit(veid).c_str(), &path),
          "name the unit's object");
    const CString unit(path, std::free);
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int result =
        sd_bus_get_property(bus.get(), kService, unit.get(), "org.freedesktop.systemd1.Unit", "Job",
                            &error, &raw, "(uo)");
    sd_bus_error_free(&error);
    check(result, "ask for the unit's job");
    const Message reply(raw);
    std::uint32_t id = 0;
    const char* job = nullptr;
    check(sd_bus_message_read(raw, "(uo)", &id, &job), "read the unit's job");
    return id == 0 ? std::string()
                   : get_string(bus, job, "org.freedesktop.systemd1.Job", "JobType");
}

std::string current_job(Veid veid) {
    return patiently([&] { return find_current_job(veid); });
}

bool host_is_stopping() {
    return patiently(
        [] { return get_string(connect(), kPath, kManager, "SystemState") == "stopping"; });
}

}  // namespace vps

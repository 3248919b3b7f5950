#include "system_manager.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>

#include "cgroup.hh"
#include "error.hh"
#include "process.hh"
#include "sys.hh"
#include "system_bus.hh"
#include "unit_name.hh"

namespace vps {

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

// Milliseconds until one looks again: what PID 1 does takes it some ten of them as a rule, and a
// start or stop waits for no more than an eighth longer.
static int pause_after(int tries) {
    return std::min(1 + tries / 8, 16);
}

void wait_for_scope(Veid veid, const Child& process) {
    const Deadline deadline = deadline_after(30);
    for (int tries = 0;; ++tries) {
        if (is_in_scope(veid, process.pid()))
            return;
        if (milliseconds_until(deadline) == 0)
            throw Error(ExitCode::System, "start " + scope_unit(veid) +
                                              ": systemd did not move init into it in 30 seconds");
        pollfd ended{process.pidfd().get(), POLLIN, 0};
        if (poll(&ended, 1, pause_after(tries)) > 0)
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
    for (int tries = 0; access(dir.c_str(), F_OK) == 0; ++tries) {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        (void)poll(nullptr, 0, pause_after(tries));
    }
    return true;
}

void end_scope(Veid veid) {
    const std::string cgroup = slice_cgroup(veid) + "/" + scope_unit(veid);
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
    const Message reply = get_property(bus, unit_path(service_unit(veid)), kUnit, "Job", "(uo)");
    std::uint32_t id = 0;
    const char* job = nullptr;
    check(sd_bus_message_read(reply.get(), "(uo)", &id, &job), "read the unit's job");
    return id == 0 ? std::string()
                   : get_string(bus, job, "org.freedesktop.systemd1.Job", "JobType");
}

std::string current_job(Veid veid) {
    return patiently([&] { return find_current_job(veid); });
}

static std::uint64_t get_time(const Bus& bus, const std::string& path, const char* property) {
    std::uint64_t time = 0;
    check(sd_bus_message_read(get_property(bus, path, kUnit, property, "t").get(), "t", &time),
          "read when the unit started");
    return time;
}

bool has_been_active(Veid veid) {
    return patiently([&] {
        const Bus bus = connect();
        const std::string path = unit_path(service_unit(veid));
        return get_time(bus, path, "ActiveEnterTimestampMonotonic") >=
               get_time(bus, path, "InactiveExitTimestampMonotonic");
    });
}

bool host_is_stopping() {
    return patiently(
        [] { return get_string(connect(), kManagerPath, kManager, "SystemState") == "stopping"; });
}

}  // namespace vps

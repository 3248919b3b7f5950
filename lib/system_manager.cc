#include "system_manager.hh"

#include <cstdint>
#include <string>

#include "system_bus.hh"
#include "unit_name.hh"

namespace vps {

void queue_job(const std::string& unit, Job job) {
    patiently([&] {
        const Bus bus = connect();
        const Message message = new_call(bus, job == Job::Start ? "StartUnit" : "StopUnit");
        check(sd_bus_message_append(message.get(), "ss", unit.c_str(), "replace"),
              "fill bus message");
        (void)call(bus, message, "queue a job for " + unit);
    });
}

static bool is_host_stopping(const Bus& bus) {
    return get_string(bus, kManagerPath, kManager, "SystemState") == "stopping";
}

static std::string find_job(const Bus& bus, Veid veid) {
    const Message reply = get_property(bus, unit_path(service_unit(veid)), kUnit, "Job", "(uo)");
    std::uint32_t id = 0;
    const char* job = nullptr;
    check(sd_bus_message_read(reply.get(), "(uo)", &id, &job), "read the unit's job");
    return id == 0 ? std::string()
                   : get_string(bus, job, "org.freedesktop.systemd1.Job", "JobType");
}

Orders orders_for(Veid veid) {
    return patiently([&] {
        const Bus bus = connect();
        return Orders{find_job(bus, veid), is_host_stopping(bus)};
    });
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
    return patiently([] { return is_host_stopping(connect()); });
}

}  // namespace vps

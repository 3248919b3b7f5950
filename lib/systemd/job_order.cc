#include "systemd/job_order.hh"

namespace vps {

Message new_order(const Bus& bus, const std::string& unit, Job job) {
    Message order = new_call(bus, job == Job::Start ? "StartUnit" : "StopUnit");
    check(sd_bus_message_append(order.get(), "ss", unit.c_str(), "replace"), "fill bus message");
    return order;
}

std::string order_job(const Bus& bus, const std::string& unit, Job job) {
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int result = sd_bus_call(bus.get(), new_order(bus, unit, job).get(), 0, &error, &raw);
    const std::string reason = error.message ? error.message : "";
    sd_bus_error_free(&error);
    if (result < 0 && !reason.empty() && !is_hung_up(-result))
        throw Error(ExitCode::System, reason);
    check(result, "queue a job");
    const Message reply(raw);
    const char* path = nullptr;
    check(sd_bus_message_read(raw, "o", &path), "read the job");
    return path;
}

std::optional<std::string> await_job(const Bus& bus, const std::string& job,
                                     const Deadline& deadline) {
    while (const int left = milliseconds_until(deadline)) {
        sd_bus_message* raw = nullptr;
        const int processed = sd_bus_process(bus.get(), &raw);
        check(processed, "wait for the job's end");
        const Message signal(raw);
        if (raw && sd_bus_message_is_signal(raw, kManager, "JobRemoved") > 0) {
            const char* removed = nullptr;
            const char* result = nullptr;
            check(sd_bus_message_read(raw, "uoss", nullptr, &removed, nullptr, &result),
                  "read the job's end");
            if (job == removed)
                return result;
        }
        if (processed == 0)
            check(sd_bus_wait(bus.get(), left < 0 ? UINT64_MAX : std::uint64_t{1000} * left),
                  "wait for the job's end");
    }
    return std::nullopt;
}

void for_each_command(const Bus& bus, const std::string& service, const char* line,
                      const std::function<void(const CommandRun&)>& see) {
    const Message commands = get_property(
        bus, unit_path(service), "org.freedesktop.systemd1.Service", line, "a(sasbttttuii)");
    sd_bus_message* raw = commands.get();
    check(sd_bus_message_enter_container(raw, 'a', "(sasbttttuii)"), line);
    for (;;) {
        const int more = sd_bus_message_enter_container(raw, 'r', "sasbttttuii");
        check(more, line);
        if (more == 0)
            return;
        CommandRun run{};
        check(sd_bus_message_skip(raw, "sasb"), line);
        check(sd_bus_message_read(raw, "tt", &run.began, &run.began_monotonic), line);
        check(sd_bus_message_skip(raw, "ttu"), line);
        check(sd_bus_message_read(raw, "ii", &run.code, &run.status), line);
        check(sd_bus_message_exit_container(raw), line);
        see(run);
    }
}

}  // namespace vps

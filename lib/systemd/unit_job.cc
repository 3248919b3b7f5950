#include "systemd/unit_job.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>

#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr unsigned kLook = 200;  // milliseconds between two looks at a job, without signals of it

// Returns the object of the job.
std::string order_job(const Bus& bus, const std::string& unit, Job job) {
    const Message order = new_call(bus, job == Job::Start ? "StartUnit" : "StopUnit");
    check(sd_bus_message_append(order.get(), "ss", unit.c_str(), "replace"), "fill bus message");
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int result = sd_bus_call(bus.get(), order.get(), 0, &error, &raw);
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

JobEnd end_of(std::string_view result) {
    if (result == "done")
        return JobEnd::Done;
    return result == "canceled" ? JobEnd::Canceled : JobEnd::Failed;
}

JobEnd hear_end(const Bus& bus, const std::string& job) {
    for (;;) {
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
                return end_of(result);
        }
        if (processed == 0)
            check(sd_bus_wait(bus.get(), UINT64_MAX), "wait for the job's end");
    }
}

bool has_job(const std::string& unit, const SystemdPlaces& places) {
    return patiently([&] {
        const Bus bus = connect(places);
        const Message reply = get_property(bus, unit_path(unit), kUnit, "Job", "(uo)");
        std::uint32_t id = 0;
        check(sd_bus_message_read(reply.get(), "(uo)", &id, nullptr), "read the unit's job");
        return id != 0;
    });
}

// systemd, which executes itself anew, keeps its jobs and forgets who waits for them.
JobEnd look_for_end(const std::string& unit, Job job, const SystemdPlaces& places) {
    while (has_job(unit, places))
        (void)poll(nullptr, 0, kLook);
    const bool active = active_state(unit, places) == "active";
    if (job == Job::Start)
        return active ? JobEnd::Done : JobEnd::Failed;
    return active ? JobEnd::Canceled : JobEnd::Done;
}

struct CommandEnd {
    std::uint64_t began;  // on the wall clock; 0: never
    std::int32_t code, status;
};

CommandEnd read_command(sd_bus_message* raw) {
    CommandEnd end{};
    check(sd_bus_message_skip(raw, "sasb"), "read a command");
    check(sd_bus_message_read(raw, "t", &end.began), "read a command");
    check(sd_bus_message_skip(raw, "tttu"), "read a command");
    check(sd_bus_message_read(raw, "ii", &end.code, &end.status), "read a command");
    return end;
}

void find_failed(const Bus& bus, const std::string& path, const char* line, std::uint64_t since,
                 std::vector<FailedCommand>& failed) {
    const Message commands =
        get_property(bus, path, "org.freedesktop.systemd1.Service", line, "a(sasbttttuii)");
    sd_bus_message* raw = commands.get();
    check(sd_bus_message_enter_container(raw, 'a', "(sasbttttuii)"), line);
    for (;;) {
        const int more = sd_bus_message_enter_container(raw, 'r', "sasbttttuii");
        check(more, line);
        if (more == 0)
            return;
        const CommandEnd end = read_command(raw);
        check(sd_bus_message_exit_container(raw), line);
        if (end.began >= since && end.began != 0 && end.code != 0 &&
            (end.code != CLD_EXITED || end.status != 0))
            failed.push_back({line, end.code == CLD_EXITED ? end.status : 0});
    }
}

}  // namespace

JobEnd do_job(const std::string& unit, Job job, const SystemdPlaces& places) {
    Bus bus;
    std::string queued;
    patiently([&] {
        bus = connect(places);
        queued = order_job(bus, unit, job);
    });
    try {
        return hear_end(bus, queued);
    } catch (const SysError& error) {
        if (!is_hung_up(error.errnum()))
            throw;
    }
    bus.reset();
    return look_for_end(unit, job, places);
}

std::string active_state(const std::string& unit, const SystemdPlaces& places) {
    return patiently(
        [&] { return get_string(connect(places), unit_path(unit), kUnit, "ActiveState"); });
}

std::vector<FailedCommand> find_failed_commands(Veid veid, std::uint64_t since,
                                                const SystemdPlaces& places) {
    return patiently([&] {
        const Bus bus = connect(places);
        const std::string path = unit_path(service_unit(veid));
        std::vector<FailedCommand> failed;
        for (const char* line : {"ExecStartPre", "ExecStart", "ExecStop", "ExecStopPost"})
            find_failed(bus, path, line, since, failed);
        return failed;
    });
}

}  // namespace vps

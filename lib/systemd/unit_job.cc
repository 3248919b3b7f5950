#include "systemd/unit_job.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>

#include "systemd/job_order.hh"
#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr unsigned kLook = 200;  // milliseconds between two looks at a job, without signals of it

JobEnd end_of(std::string_view result) {
    if (result == "done")
        return JobEnd::Done;
    return result == "canceled" ? JobEnd::Canceled : JobEnd::Failed;
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

bool has_failed(const CommandRun& run) {
    return run.began != 0 && run.code != 0 && (run.code != CLD_EXITED || run.status != 0);
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
        return end_of(*await_job(bus, queued, {}));
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
        std::vector<FailedCommand> failed;
        for (const char* line : {"ExecStartPre", "ExecStart", "ExecStop", "ExecStopPost"})
            for_each_command(bus, service_unit(veid), line, [&](const CommandRun& run) {
                if (run.began >= since && has_failed(run))
                    failed.push_back({line, run.code == CLD_EXITED ? run.status : 0});
            });
        return failed;
    });
}

}  // namespace vps

#include "systemd/system_manager.hh"

#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "sys/sys.hh"
#include "systemd/job_order.hh"
#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

static constexpr const char* kJob = "org.freedesktop.systemd1.Job";
static constexpr const char* kService = "org.freedesktop.systemd1.Service";

void queue_job(const std::string& unit, Job job, const SystemdPlaces& places) {
    patiently([&] {
        const Bus bus = connect(places);
        (void)call(bus, new_order(bus, unit, job), "queue a job for " + unit);
    });
}

namespace {

// Returns the object of its job.
std::string order_start(const Bus& bus, const std::string& unit, bool replacing_start) {
    if (replacing_start)  // a start would be merged with that job; a stop replaces it
        check(sd_bus_send(bus.get(), new_order(bus, unit, Job::Stop).get(), nullptr),
              "queue a stop");
    return order_job(bus, unit, Job::Start);
}

// False for a job that is over already, too.
bool is_restart(const Bus& bus, const std::string& job) {
    try {
        return get_string(bus, job, kJob, "JobType") == "restart";
    } catch (const SysError&) {
        return false;
    }
}

// Waits until the job is over; true if an order of somebody else's has taken its place.
bool is_replaced(const Bus& bus, const std::string& job, const Deadline& deadline) {
    return await_job(bus, job, deadline) == "canceled";
}

[[noreturn]] void insist(const std::string& unit, bool replacing_start, const SystemdPlaces& places,
                         FdRef queued) noexcept {
    // systemd names its own processes in parentheses, and the start does not warn of a process
    // named so.
    (void)prctl(PR_SET_NAME, "(vps-start)");
    (void)close_all_but({queued.get()});
    try {
        const Bus bus = connect(places);
        const Deadline deadline = deadline_after(30);
        std::string job = order_start(bus, unit, replacing_start);
        (void)!write(queued.get(), "", 1);
        while (is_replaced(bus, job, deadline)) {
            // No stop is queued first, as a rule: another process of this kind would take that stop
            // for an order.
            job = order_start(bus, unit, false);
            if (is_restart(bus, job))
                job = order_start(bus, unit, true);
        }
    } catch (...) {
        // The caller, which waits for the byte, queues the start; after the byte the queued job is
        // there, or the host goes down.
    }
    _exit(0);
}

}  // namespace

void insist_on_start(const std::string& unit, bool replacing_start, const SystemdPlaces& places) {
    // Both processes have to be faster than a stop is, on a busy host, too. Where the kernel does
    // not allow a realtime process, they mostly are.
    const sched_param lowest{.sched_priority = 1};
    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
    auto [queued, theirs] = sys::pipe();
    const Child insisting = clone_process(CLONE_PARENT);
    if (insisting.pid() == 0)
        insist(unit, replacing_start, places, theirs);
    theirs.reset();
    char byte = 0;
    if (read(queued.get(), &byte, 1) == 1)
        return;
    if (replacing_start)
        queue_job(unit, Job::Stop, places);
    queue_job(unit, Job::Start, places);
}

static bool is_host_stopping(const Bus& bus) {
    return get_string(bus, kManagerPath, kManager, "SystemState") == "stopping";
}

static std::string find_job(const Bus& bus, Veid veid) {
    const Message reply = get_property(bus, unit_path(service_unit(veid)), kUnit, "Job", "(uo)");
    std::uint32_t id = 0;
    const char* job = nullptr;
    check(sd_bus_message_read(reply.get(), "(uo)", &id, &job), "read the unit's job");
    try {
        return id == 0 ? std::string() : get_string(bus, job, kJob, "JobType");
    } catch (const SysError& error) {
        if (error.errnum() != EBADR)
            throw;
        return find_job(bus, veid);  // the job has ended meanwhile
    }
}

Orders orders_for(Veid veid, const SystemdPlaces& places) {
    return ask(places, [&](const Bus& bus) {
        return Orders{find_job(bus, veid), is_host_stopping(bus)};
    });
}

pid_t control_process_of(const std::string& service, const SystemdPlaces& places) {
    return patiently([&] {
        const Bus bus = connect(places);
        const Message reply = get_property(bus, unit_path(service), kService, "ControlPID", "u");
        std::uint32_t pid = 0;
        check(sd_bus_message_read(reply.get(), "u", &pid), "read ControlPID");
        return static_cast<pid_t>(pid);
    });
}

bool stop_was_called(Veid veid, const SystemdPlaces& places) {
    return patiently([&] {
        bool called = false;
        for_each_command(connect(places), service_unit(veid), "ExecStop",
                         [&](const CommandRun& run) { called |= run.began_monotonic != 0; });
        return called;
    });
}

void forget_failure(const std::string& unit, const SystemdPlaces& places) noexcept {
    try {
        const Bus bus = connect(places);
        const Message request = new_call(bus, "ResetFailedUnit");
        check(sd_bus_message_append(request.get(), "s", unit.c_str()), "fill bus message");
        (void)call(bus, request, "forget the failure of " + unit);
    } catch (const Error&) {
        // It is told in the header.
    }
}

bool host_is_stopping(const SystemdPlaces& places) {
    return patiently([&] { return is_host_stopping(connect(places)); });
}

}  // namespace vps

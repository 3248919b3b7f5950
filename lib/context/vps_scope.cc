#include "context/vps_scope.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>

#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "systemd/cgroup.hh"
#include "systemd/system_bus.hh"
#include "systemd/system_manager.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr const char* kKeeper = "vps-scope";  // its name, proc_pid_comm(5)

std::string scope_cgroup(Veid veid) {
    return slice_cgroup(veid) + "/" + scope_unit(veid);
}

std::string service_cgroup(Veid veid) {
    return slice_cgroup(veid) + "/" + service_unit(veid);
}

// DeviceAllow= knows a device by its numbers, all of a kind by the name of their driver.
std::string name_device(const Device& device) {
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

void append_devices(sd_bus_message* m, const std::vector<Device>& devices) {
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

Answer request_scope(const Bus& bus, Veid veid, pid_t pid, const std::vector<Device>& devices) {
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

Answer try_to_start_scope(Veid veid, pid_t pid, const std::vector<Device>& devices) {
    try {
        return request_scope(connect_by_message_bus(), veid, pid, devices);
    } catch (const Error&) {
        // PID 1 itself does it, or says why not.
    }
    return patiently([&] { return request_scope(connect(), veid, pid, devices); });
}

// Not our child but our parent's: it stays when we end, and when we kill what scripts have left.
[[noreturn]] void keep_scope() noexcept {
    (void)prctl(PR_SET_NAME, kKeeper);
    reset_signals();
    // The VPS's lock is among our descriptors, and what somebody waits to see the end of. Whatever
    // happens to us later, they are closed when start_scope() goes on.
    (void)close_range(0, ~0U, 0);
    for (;;)
        pause();
}

// Not by the process's /proc/PID/cgroup, which waits for whatever changes any cgroup.
bool is_in_scope(Veid veid, pid_t pid) {
    const std::vector<pid_t> pids = processes_in(scope_cgroup(veid));
    return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

// Milliseconds until one looks again: what PID 1 does takes it some ten of them as a rule, and a
// start or stop waits for no more than an eighth longer.
int pause_after(int tries) {
    return std::min(1 + tries / 8, 16);
}

// By a cgroup's file cgroup.events, which is to be opened if it is not, and polls POLLPRI when it
// changes (cgroups(7)).
bool is_populated(const std::string& cgroup, Fd& events) {
    if (!events)
        events = Fd(open((cgroup + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
    char text[64];
    const ssize_t length = pread(events.get(), text, sizeof text, 0);
    if (length < 0)
        events.reset();  // of a cgroup that is gone
    return length > 0 &&
           std::string_view(text, static_cast<std::size_t>(length)).find("populated 1") !=
               std::string_view::npos;
}

void ask_for_scope(Veid veid, pid_t keeper, const std::vector<Device>& devices) {
    const Deadline deadline = deadline_after(10);
    while (try_to_start_scope(veid, keeper, devices) == Answer::UnitExists) {
        if (is_in_scope(veid, keeper))
            return;  // it was done, and the answer lost
        if (milliseconds_until(deadline) == 0)
            throw Error(
                ExitCode::System,
                fmt::format("{0} of an earlier run is still there; look at systemctl status {0}",
                            scope_unit(veid)));
        (void)poll(nullptr, 0, 20);
    }
}

// A keeper that the cgroup has, by its handle.
std::optional<Child> find_keeper(const std::string& cgroup) {
    for (const pid_t pid : processes_in(cgroup)) {
        try {
            Child process(pid, sys::pidfd_open(pid));
            process.release();
            // Looked at after it was opened: what has that name is what the handle names.
            if (sys::read_line(fmt::format("/proc/{}/comm", pid)) == kKeeper)
                return process;
        } catch (const SysError& error) {
            if (error.errnum() != ESRCH && error.errnum() != ENOENT && error.errnum() != EINVAL)
                throw;
        }
    }
    return std::nullopt;
}

// Readable when something is made in that directory; nothing where the user's watches are used up.
Fd watch_directory(const std::string& dir) {
    Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (watch && inotify_add_watch(watch.get(), dir.c_str(), IN_CREATE | IN_ONLYDIR) < 0)
        watch.reset();
    return watch;
}

// PID 1 moves the keeper into the scope when all else is done. `watch` is of the slice; without it,
// one looks now and then. False if the keeper has ended.
bool wait_until_moved(Veid veid, const Child& keeper, const Fd& watch) {
    load_libsystemd();  // there is time
    const Deadline deadline = deadline_after(30);
    const std::string cgroup = scope_cgroup(veid);
    Fd events;
    for (int tries = 0; !is_populated(cgroup, events); ++tries) {
        if (milliseconds_until(deadline) == 0)
            throw Error(ExitCode::System, fmt::format("systemd has put no process into {} within "
                                                      "30 seconds; look at journalctl _PID=1",
                                                      scope_unit(veid)));
        pollfd waiting[]{{keeper.pidfd().get(), POLLIN, 0},
                         {events.get(), POLLPRI, 0},
                         {events ? -1 : watch.get(), POLLIN, 0}};
        (void)poll(waiting, 3, events || watch ? milliseconds_until(deadline) : pause_after(tries));
        if (waiting[0].revents != 0)
            return false;
        char heard[512];
        if (waiting[2].revents != 0)
            (void)!read(watch.get(), heard, sizeof heard);
    }
    return true;
}

// systemd is about to move it: killed meanwhile, it would leave a scope that stays for good.
void await_move(Veid veid) {
    const Deadline deadline = deadline_after(10);
    for (int tries = 0;; ++tries) {
        const std::optional<Child> keeper = find_keeper(service_cgroup(veid));
        if (!keeper)
            return;
        if (milliseconds_until(deadline) == 0)
            return sys::pidfd_send_signal(keeper->pidfd(), SIGKILL);
        (void)poll(nullptr, 0, pause_after(tries));
    }
}

// Waits until the directory is gone; false if it is still there after `milliseconds`.
bool wait_for_removal(const std::string& dir, unsigned milliseconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (int tries = 0; access(dir.c_str(), F_OK) == 0; ++tries) {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        (void)poll(nullptr, 0, pause_after(tries));
    }
    return true;
}

}  // namespace

void start_scope(Veid veid, const std::vector<Device>& devices) {
    auto [ours, keepers] = sys::pipe();
    const Child keeper = clone_process(CLONE_PARENT);
    if (keeper.pid() == 0)
        keep_scope();
    keepers.reset();
    // Not before it has let go of the lock, which whoever comes next needs: then this ends.
    (void)sys::read_all(ours, "what the keeper has open");
    Undo end([&] { sys::pidfd_send_signal(keeper.pidfd(), SIGKILL); });
    ask_for_scope(veid, keeper.pid(), devices);
    end.keep();
}

VpsScope open_scope(Veid veid) {
    const std::string cgroup = scope_cgroup(veid);
    std::optional<Child> keeper = find_keeper(cgroup);
    Fd watch;
    if (!keeper) {
        watch = watch_directory(slice_cgroup(veid));
        keeper = find_keeper(service_cgroup(veid));
        if (!keeper)
            keeper = find_keeper(cgroup);  // it was moved meanwhile
        else if (!wait_until_moved(veid, *keeper, watch))
            keeper.reset();
    }
    if (!keeper)
        throw Error(ExitCode::System,
                    fmt::format("{0} is gone, which vps-mount has had made; look at journalctl -u "
                                "{0}",
                                scope_unit(veid)));
    return {sys::open(cgroup, O_RDONLY | O_DIRECTORY), std::move(*keeper), std::move(watch)};
}

void dismiss_keeper(VpsScope scope) {
    sys::pidfd_send_signal(scope.keeper.pidfd(), SIGKILL);
}

void end_scope(Veid veid) {
    await_move(veid);
    const std::string cgroup = scope_cgroup(veid);
    const Fd kill(open((cgroup + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
    if (!kill)
        return;  // gone already, as it mostly is
    (void)!write(kill.get(), "1", 1);
    if (wait_for_removal(cgroup, 300))
        return;
    try {
        queue_job(scope_unit(veid), Job::Stop);
    } catch (const Error&) {
        // It has gone by itself. If not, the next start says so; dismounting must not wait for it.
    }
    (void)wait_for_removal(cgroup, 10'000);
}

}  // namespace vps

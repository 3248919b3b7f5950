#include "vps_scope.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>

#include "cgroup.hh"
#include "error.hh"
#include "process.hh"
#include "sys.hh"
#include "system_bus.hh"
#include "system_manager.hh"
#include "unit_name.hh"

namespace vps {

namespace {

constexpr const char* kKeeper = "vps-scope";  // its name, proc_pid_comm(5)
constexpr int kReport = 3;                    // where it says what failed

std::string scope_cgroup(Veid veid) {
    return slice_cgroup(veid) + "/" + scope_unit(veid);
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

Answer try_to_start_scope(Veid veid, pid_t pid, const std::vector<Device>& devices) {
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

bool are_in_scope(Veid veid) {
    return cgroup_of().ends_with("/" + scope_unit(veid));
}

// Milliseconds until one looks again: what PID 1 does takes it some ten of them as a rule, and a
// start or stop waits for no more than an eighth longer.
int pause_after(int tries) {
    return std::min(1 + tries / 8, 16);
}

// Has systemd put us into the scope. PID 1 does that after it has answered.
void enter_scope(Veid veid, const std::vector<Device>& devices) {
    const Deadline deadline = deadline_after(10);
    while (patiently([&] { return try_to_start_scope(veid, getpid(), devices); }) ==
           Answer::UnitExists) {
        if (are_in_scope(veid))
            return;  // it was done, and the answer lost
        if (milliseconds_until(deadline) == 0)
            throw Error(
                ExitCode::System,
                fmt::format("{0} of an earlier run is still there; look at systemctl status {0}",
                            scope_unit(veid)));
        (void)poll(nullptr, 0, 20);
    }
    const Deadline move = deadline_after(30);
    for (int tries = 0; !are_in_scope(veid); ++tries) {
        if (milliseconds_until(move) == 0)
            throw Error(ExitCode::System, fmt::format("systemd has put no process into {} within "
                                                      "30 seconds; look at journalctl _PID=1",
                                                      scope_unit(veid)));
        (void)poll(nullptr, 0, pause_after(tries));
    }
}

// Not our child but our parent's: it stays when we end, and when we kill what scripts have left.
[[noreturn]] void keep_scope(Veid veid, const std::vector<Device>& devices, FdRef report) {
    (void)prctl(PR_SET_NAME, kKeeper);
    reset_signals();
    try {
        // Nobody who waits for the end of what we print waits for it.
        const Fd null = sys::open("/dev/null", O_RDWR);
        for (int fd = 0; fd <= 2; ++fd)
            (void)dup2(null.get(), fd);
        // The VPS's lock is among the others.
        (void)dup2(report.get(), kReport);
        (void)close_range(kReport + 1, ~0U, 0);
        enter_scope(veid, devices);
    } catch (const std::exception& error) {
        const std::string what = error.what();
        (void)!write(kReport, what.data(), what.size());
        _exit(1);
    }
    close(kReport);
    for (;;)
        pause();
}

std::vector<pid_t> processes_in(const std::string& cgroup) {
    std::vector<pid_t> pids;
    try {
        std::istringstream lines(sys::read_file(cgroup + "/cgroup.procs"));
        for (pid_t pid = 0; lines >> pid;)
            pids.push_back(pid);
    } catch (const SysError& error) {
        if (error.errnum() != ENOENT && error.errnum() != ENODEV)
            throw;
    }
    return pids;
}

// A keeper that the cgroup has, by its handle.
std::optional<Fd> find_keeper(const std::string& cgroup, pid_t other_than = 0) {
    for (const pid_t pid : processes_in(cgroup)) {
        if (pid == other_than)
            continue;
        try {
            Fd process = sys::pidfd_open(pid);
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

// systemd is about to move it: killed meanwhile, it would leave a scope that stays for good.
void await_move(Veid veid) {
    const std::string service = slice_cgroup(veid) + "/" + service_unit(veid);
    const Deadline deadline = deadline_after(10);
    for (int tries = 0;; ++tries) {
        const std::optional<Fd> keeper = find_keeper(service);
        if (!keeper)
            return;
        if (milliseconds_until(deadline) == 0)
            return sys::pidfd_send_signal(*keeper, SIGKILL);
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

ScopeStart::ScopeStart(Veid veid, const std::vector<Device>& devices) {
    auto [read_end, write_end] = sys::pipe();
    const Child keeper = clone_process(CLONE_PARENT);
    if (keeper.pid() == 0)
        keep_scope(veid, devices, write_end);
    said_ = std::move(read_end);
}

void ScopeStart::finish() {
    const std::string failure = sys::read_all(said_, "what systemd says");
    if (!failure.empty())
        throw Error(ExitCode::System, failure);
}

Fd open_scope(Veid veid) {
    try {
        return sys::open(scope_cgroup(veid), O_RDONLY | O_DIRECTORY);
    } catch (const SysError& error) {
        if (error.errnum() != ENOENT)
            throw;
        throw Error(ExitCode::System,
                    fmt::format("{0} is gone, which vps-mount has had made; look at "
                                "journalctl -u {0}",
                                scope_unit(veid)));
    }
}

void dismiss_keeper(Veid veid, pid_t init) {
    if (const std::optional<Fd> keeper = find_keeper(scope_cgroup(veid), init))
        sys::pidfd_send_signal(*keeper, SIGKILL);
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

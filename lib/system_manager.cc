#include "system_manager.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <variant>

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

// ---- the limits of a slice ----------------------------------------------------------------------

namespace {

constexpr const char* kSlice = "org.freedesktop.systemd1.Slice";
constexpr const char* kScope = "org.freedesktop.systemd1.Scope";
constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";

// A property's value: an amount, the bitmap of a set, or amounts by path.
using ByPath = std::vector<std::pair<std::string, std::uint64_t>>;
using LimitValue = std::variant<std::uint64_t, std::vector<std::uint8_t>, ByPath>;

std::vector<std::uint8_t> bitmap_of(const std::string& list) {
    std::vector<std::uint8_t> bitmap;
    for (const unsigned number : numbers_of(list)) {
        bitmap.resize(std::max<std::size_t>(bitmap.size(), number / 8 + 1));
        bitmap[number / 8] |= static_cast<std::uint8_t>(1U << number % 8);
    }
    return bitmap;
}

LimitValue value_of(const SliceLimit& limit) {
    switch (limit.setting->kind) {
        case LimitKind::Amount:
            return limit.number;
        case LimitKind::Quota:
            return limit.number * 10'000;  // microseconds a second
        case LimitKind::Set:
            return bitmap_of(limit.text);
        case LimitKind::PerDevice:
            return ByPath{{limit.text, limit.number}};
    }
    return {};
}

LimitValue none_of(const LimitSetting& setting) {
    if (setting.kind == LimitKind::Set)
        return std::vector<std::uint8_t>();
    if (setting.kind == LimitKind::PerDevice)
        return ByPath();
    return setting.none;
}

const char* type_of(LimitKind kind) {
    return kind == LimitKind::Set ? "ay" : kind == LimitKind::PerDevice ? "a(st)" : "t";
}

Message get_property(const Bus& bus, const std::string& path, const char* interface,
                     const char* property, const char* type) {
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int result = sd_bus_get_property(bus.get(), kService, path.c_str(), interface, property,
                                           &error, &raw, type);
    sd_bus_error_free(&error);
    check(result, property);
    return Message(raw);
}

LimitValue read_limit(const Bus& bus, const std::string& unit, const char* interface,
                      const LimitSetting& setting) {
    const Message reply =
        get_property(bus, unit, interface, setting.property, type_of(setting.kind));
    sd_bus_message* m = reply.get();
    if (setting.kind == LimitKind::Set) {
        const void* bytes = nullptr;
        std::size_t size = 0;
        check(sd_bus_message_read_array(m, 'y', &bytes, &size), setting.property);
        const auto* first = static_cast<const std::uint8_t*>(bytes);
        std::vector<std::uint8_t> bitmap(first, first + size);
        while (!bitmap.empty() && bitmap.back() == 0)
            bitmap.pop_back();
        return bitmap;
    }
    if (setting.kind == LimitKind::PerDevice) {
        ByPath amounts;
        check(sd_bus_message_enter_container(m, 'a', "(st)"), setting.property);
        const char* path = nullptr;
        std::uint64_t amount = 0;
        while (sd_bus_message_read(m, "(st)", &path, &amount) > 0)
            amounts.emplace_back(path, amount);
        return amounts;
    }
    std::uint64_t amount = 0;
    check(sd_bus_message_read(m, "t", &amount), setting.property);
    return amount;
}

void append_limit(sd_bus_message* m, const LimitSetting& setting, const LimitValue& value) {
    constexpr const char* kWhat = "fill bus message";
    const char* type = type_of(setting.kind);
    check(sd_bus_message_open_container(m, 'r', "sv"), kWhat);
    check(sd_bus_message_append(m, "s", setting.property), kWhat);
    check(sd_bus_message_open_container(m, 'v', type), kWhat);
    if (const auto* amount = std::get_if<std::uint64_t>(&value)) {
        check(sd_bus_message_append(m, "t", *amount), kWhat);
    } else if (const auto* bitmap = std::get_if<std::vector<std::uint8_t>>(&value)) {
        check(sd_bus_message_append_array(m, 'y', bitmap->data(), bitmap->size()), kWhat);
    } else {
        check(sd_bus_message_open_container(m, 'a', "(st)"), kWhat);
        for (const auto& [path, number] : std::get<ByPath>(value))
            check(sd_bus_message_append(m, "(st)", path.c_str(), number), kWhat);
        check(sd_bus_message_close_container(m), kWhat);
    }
    check(sd_bus_message_close_container(m), kWhat);
    check(sd_bus_message_close_container(m), kWhat);
}

struct LimitChange {
    const LimitSetting* setting;
    LimitValue value;
};

// systemd also writes each into a drop-in, which would outlive the configuration it came from:
// those that were not there before are removed again. What is in PID 1's memory stays until it
// reads its units anew.
void send_limits(const Bus& bus, const std::string& unit, const std::vector<LimitChange>& changes) {
    const std::string dir = "/run/systemd/system.control/" + unit + ".d/";
    std::vector<std::string> ours;
    for (const LimitChange& change : changes) {
        std::string path = fmt::format("{}50-{}.conf", dir, change.setting->name.text());
        if (access(path.c_str(), F_OK) < 0)
            ours.push_back(std::move(path));
    }
    const Message message = new_call(bus, "SetUnitProperties");
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "sb", unit.c_str(), 1), "fill bus message");
    check(sd_bus_message_open_container(m, 'a', "(sv)"), "fill bus message");
    for (const LimitChange& change : changes) {
        // A list adds to what there is, unless it is emptied first.
        if (change.setting->kind == LimitKind::PerDevice &&
            change.value != none_of(*change.setting))
            append_limit(m, *change.setting, none_of(*change.setting));
        append_limit(m, *change.setting, change.value);
    }
    check(sd_bus_message_close_container(m), "fill bus message");
    const auto remove_ours = [&] {
        for (const std::string& path : ours)
            (void)unlink(path.c_str());  // it need not be there
        (void)rmdir(dir.c_str());        // others' files may be there
    };
    try {
        (void)call(bus, message, "limit " + unit);
    } catch (...) {
        remove_ours();
        throw;
    }
    remove_ours();
}

std::string unit_path(const std::string& unit) {
    char* path = nullptr;
    check(sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path),
          "name the unit's object");
    const CString owned(path, std::free);
    return owned.get();
}

void note_settings(std::set<std::string>& names, const std::string& path) {
    if (access(path.c_str(), R_OK) < 0)
        return;  // one of ours, which systemd still lists
    std::istringstream lines(sys::read_file(path));
    for (std::string line; std::getline(lines, line);) {
        line.erase(0, line.find_first_not_of(" \t"));
        line.resize(std::min(line.size(), line.find_first_of(" \t=")));
        names.insert(line);
    }
}

// What the admin's drop-ins for the slice set; nothing where the slice itself is the admin's.
std::optional<std::set<std::string>> find_admins_settings(const Bus& bus, const std::string& unit) {
    const std::string fragment = get_string(bus, unit.c_str(), kUnit, "FragmentPath");
    if (!fragment.empty() && !fragment.starts_with("/run/systemd/generator"))
        return std::nullopt;
    const Message reply = get_property(bus, unit, kUnit, "DropInPaths", "as");
    std::set<std::string> names;
    check(sd_bus_message_enter_container(reply.get(), 'a', "s"), "DropInPaths");
    const char* path = nullptr;
    while (sd_bus_message_read(reply.get(), "s", &path) > 0)
        note_settings(names, path);
    return names;
}

std::vector<SliceLimit> try_to_update(Veid veid, const std::vector<SliceLimit>& wanted) {
    const Bus bus = connect();
    const std::string unit = unit_path(slice_unit(veid));
    const auto admins = find_admins_settings(bus, unit);
    if (!admins)
        return {};
    std::vector<SliceLimit> ours;
    std::vector<LimitChange> changes;
    for (const LimitSetting& setting : kLimitSettings) {
        if (admins->contains(std::string(setting.name.text())))
            continue;
        const auto limit = std::find_if(wanted.begin(), wanted.end(), [&](const SliceLimit& one) {
            return one.setting == &setting;
        });
        if (limit != wanted.end())
            ours.push_back(*limit);
        LimitValue value = limit == wanted.end() ? none_of(setting) : value_of(*limit);
        if (read_limit(bus, unit, kSlice, setting) != value)
            changes.push_back({&setting, std::move(value)});
    }
    if (!changes.empty())
        send_limits(bus, slice_unit(veid), changes);
    return ours;
}

}  // namespace

std::vector<SliceLimit> update_slice_limits(Veid veid, const std::vector<SliceLimit>& wanted) {
    return patiently([&] { return try_to_update(veid, wanted); });
}

void set_slice_limits(Veid veid, const std::vector<SliceLimit>& limits) {
    std::vector<LimitChange> changes;
    for (const SliceLimit& limit : limits)
        changes.push_back({limit.setting, value_of(limit)});
    patiently([&] { send_limits(connect(), slice_unit(veid), changes); });
}

// As the kernel has it, without a word to PID 1: it is right mostly.
static bool scope_has_quota(Veid veid, std::uint64_t percent) {
    const std::string file =
        "/sys/fs/cgroup/vps.slice/" + slice_unit(veid) + "/" + scope_unit(veid) + "/cpu.max";
    if (access(file.c_str(), F_OK) < 0)
        return percent == 0;
    const std::string amount = percent == 0 ? "max" : std::to_string(percent * 1000);
    return sys::read_file(file) == amount + " 100000\n";
}

void update_scope_quota(Veid veid, std::uint64_t percent) {
    if (scope_has_quota(veid, percent))
        return;
    const auto setting =
        std::find_if(kLimitSettings.begin(), kLimitSettings.end(),
                     [](const LimitSetting& row) { return row.kind == LimitKind::Quota; });
    const LimitValue value =
        percent == 0 ? none_of(*setting) : value_of(SliceLimit{setting, percent, {}});
    patiently([&] {
        const Bus bus = connect();
        if (read_limit(bus, unit_path(scope_unit(veid)), kScope, *setting) != value)
            send_limits(bus, scope_unit(veid), {{setting, value}});
    });
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

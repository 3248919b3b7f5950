#include "systemd/freezer.hh"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr const char* kMount = "/sys/fs/cgroup";
constexpr unsigned kPatience = 20;  // seconds

std::string parent_of(const std::string& cgroup) {
    return cgroup.substr(0, cgroup.rfind('/'));
}

// A cgroup that is gone freezes nobody; the topmost one has no such file.
bool is_frozen(const std::string& cgroup) {
    try {
        return sys::read_file(kMount + cgroup + "/cgroup.freeze").starts_with('1');
    } catch (const SysError&) {
        return false;
    }
}

// systemd is asked, because it otherwise would go on calling the unit frozen, or thawed.
void call_for_unit(const char* method, const std::string& unit, const std::string& what) {
    patiently([&] {
        const Bus bus = connect();
        const Message message = new_call(bus, method);
        check(sd_bus_message_append(message.get(), "s", unit.c_str()), "fill bus message");
        return call(bus, message, what + " " + unit);
    });
}

void thaw_unit(const std::string& unit) {
    call_for_unit("ThawUnit", unit, "thaw");
}

// False where the cgroup has gone, and whoever was in it.
bool write_freeze(const std::string& cgroup, const char* word) {
    const std::string file = kMount + cgroup + "/cgroup.freeze";
    try {
        sys::write_all(sys::open(file, O_WRONLY), word, file);
        return true;
    } catch (const SysError& error) {
        if (error.errnum() != ENOENT && error.errnum() != ENODEV)
            throw;
        return false;
    }
}

bool thaw_cgroup(const std::string& cgroup) {
    return write_freeze(cgroup, "0");
}

// Whether all processes are frozen, and not only to be (cgroups(7), cgroup.events).
bool stands_still(const std::string& cgroup) {
    return sys::read_file(kMount + cgroup + "/cgroup.events").find("frozen 1") != std::string::npos;
}

std::string cgroup_of_scope(Veid veid) {
    return fmt::format("/{}/{}/{}", kSliceOfAll, slice_unit(veid), scope_unit(veid));
}

}  // namespace

std::optional<std::string> find_frozen_cgroup(pid_t pid) {
    std::optional<std::string> topmost;
    try {
        for (std::string cgroup = cgroup_of(std::to_string(pid)); !cgroup.empty();
             cgroup = parent_of(cgroup))
            if (is_frozen(cgroup))
                topmost = cgroup;
    } catch (const SysError&) {
        // The process is gone, and with it whatever kept it.
    }
    return topmost;
}

std::optional<std::string> find_frozen_slice(Veid veid) {
    const std::string all = std::string("/") + kSliceOfAll;
    for (const std::string& cgroup : {all, all + "/" + slice_unit(veid)})
        if (is_frozen(cgroup))
            return cgroup;
    return std::nullopt;
}

std::string describe_frozen(const std::string& cgroup) {
    const std::string name = cgroup.substr(cgroup.rfind('/') + 1);
    const bool below_scope = parent_of(cgroup).find(".scope") != std::string::npos;
    return below_scope
               ? fmt::format("is frozen: the VPS has frozen its own cgroup '{}'; a stop thaws it",
                             cgroup)
               : fmt::format("is frozen (cgroup '{}'); systemctl thaw {} lets it go on", cgroup,
                             name);
}

void freeze_scope(Veid veid) {
    call_for_unit("FreezeUnit", scope_unit(veid), "freeze");
    // systemd's answer may be about an earlier order, and come before the kernel is done: what the
    // kernel says counts.
    const std::string cgroup = cgroup_of_scope(veid);
    (void)write_freeze(cgroup, "1");
    const Deadline deadline = deadline_after(kPatience);
    while (!stands_still(cgroup)) {
        if (milliseconds_until(deadline) == 0)
            throw Error(ExitCode::System,
                        fmt::format("the processes of {} do not stand still within {} seconds",
                                    scope_unit(veid), kPatience));
        (void)poll(nullptr, 0, 1);
    }
}

bool is_scope_frozen(Veid veid) {
    return is_frozen(cgroup_of_scope(veid));
}

void thaw_scope(Veid veid) {
    try {
        thaw_unit(scope_unit(veid));
    } catch (const Error&) {
        // The kernel is told below, too.
    }
    (void)thaw_cgroup(cgroup_of_scope(veid));
}

std::optional<std::string> thaw_vps(Veid veid, pid_t pid) {
    const std::string slice = "/" + slice_unit(veid);
    std::vector<std::string> thawed;
    while (const std::optional<std::string> frozen = find_frozen_cgroup(pid)) {
        if ((*frozen + "/").find(slice + "/") == std::string::npos ||
            std::find(thawed.begin(), thawed.end(), *frozen) != thawed.end())
            break;  // the slice of all VPSes, or a VPS that freezes itself again and again
        thawed.push_back(*frozen);
        for (const std::string& unit : {slice_unit(veid), scope_unit(veid)})
            if (frozen->ends_with("/" + unit))
                try {
                    thaw_unit(unit);
                } catch (const Error&) {
                    // The kernel is told below, too.
                }
        if (!thaw_cgroup(*frozen))
            break;
    }
    if (thawed.empty())
        return std::nullopt;
    return thawed.front();
}

}  // namespace vps

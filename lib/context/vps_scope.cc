#include "context/vps_scope.hh"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/system_bus.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// The word of DeviceAllow= for a device: its numbers, or for all of a kind the name of their
// driver.
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

constexpr const char* kFill = "fill bus message";

void append_policy(sd_bus_message* m, const DevicePolicy& policy) {
    check(sd_bus_message_open_container(m, 'r', "sv"), kFill);
    check(sd_bus_message_append(m, "s", "DeviceAllow"), kFill);
    check(sd_bus_message_open_container(m, 'v', "a(ss)"), kFill);
    check(sd_bus_message_open_container(m, 'a', "(ss)"), kFill);
    for (const auto& [word, access] : policy)
        check(sd_bus_message_append(m, "(ss)", word.c_str(), access.c_str()), kFill);
    for (int containers = 0; containers < 3; ++containers)
        check(sd_bus_message_close_container(m), kFill);
}

DevicePolicy read_policy(const Bus& bus, Veid veid) {
    constexpr const char* kRead = "read the devices of the scope";
    const Message reply = get_property(bus, unit_path(scope_unit(veid)),
                                       "org.freedesktop.systemd1.Scope", "DeviceAllow", "a(ss)");
    sd_bus_message* m = reply.get();
    DevicePolicy policy;
    check(sd_bus_message_enter_container(m, 'a', "(ss)"), kRead);
    const char *word = nullptr, *access = nullptr;
    while (sd_bus_message_read(m, "(ss)", &word, &access) > 0)
        policy[word] = access;
    return policy;
}

// A list that is set adds to the list that the unit has, unless that is emptied first.
void send_policy(const Bus& bus, Veid veid, const DevicePolicy& policy) {
    const std::string unit = scope_unit(veid);
    const Message message = new_call(bus, "SetUnitProperties");
    sd_bus_message* m = message.get();
    check(sd_bus_message_append(m, "sb", unit.c_str(), 1), kFill);
    check(sd_bus_message_open_container(m, 'a', "(sv)"), kFill);
    append_policy(m, {});
    if (!policy.empty())
        append_policy(m, policy);
    check(sd_bus_message_close_container(m), kFill);
    (void)call(bus, message, "change the devices of " + unit);
}

}  // namespace

Scope start_vps_scope(Veid veid, const std::vector<Device>& devices, const SystemdPlaces& places) {
    return start_scope({veid, scope_unit(veid), fmt::format("VPS {}: its processes", veid.value()),
                        [&](sd_bus_message* m) {
                            // A VPS that runs has an active unit: if its supervisor dies, systemd
                            // starts a new one. And who stops the scope kills the VPS and passes
                            // N.stop over: vps@N is the unit to stop.
                            check(sd_bus_message_append(m, "(sv)(sv)(sv)",           //
                                                        "Upholds", "as", 1U,         //
                                                        service_unit(veid).c_str(),  //
                                                        "RefuseManualStop", "b", 1,  //
                                                        "DevicePolicy", "s", "closed"),
                                  kFill);
                            append_policy(m, device_policy(devices));
                        },
                        places});
}

DevicePolicy device_policy(const std::vector<Device>& devices) {
    DevicePolicy policy;
    for (const Device& device : devices) {
        std::string access;
        for (const char letter : {'r', 'w', 'm'})
            if (device.access.find(letter) != std::string::npos)
                access += letter;
        if (std::string word = name_device(device); !word.empty())
            policy[std::move(word)] = access;
    }
    return policy;
}

DevicePolicy change_device_policy(Veid veid, const DevicePolicy& policy,
                                  const SystemdPlaces& places) {
    return patiently([&] {
        const Bus bus = connect(places);
        DevicePolicy before = read_policy(bus, veid);
        if (before == policy)
            return before;
        send_policy(bus, veid, policy);
        // systemd gives the policy to the kernel before it answers the next request.
        if (read_policy(bus, veid) != policy)
            throw Error(ExitCode::System,
                        fmt::format("systemd has not changed the devices of {}", scope_unit(veid)));
        return before;
    });
}

void end_vps_scope(Veid veid) {
    end_scope(veid, scope_unit(veid));
}

}  // namespace vps

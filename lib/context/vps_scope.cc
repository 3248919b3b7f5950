#include "context/vps_scope.hh"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>

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

void append_devices(sd_bus_message* m, const std::vector<Device>& devices) {
    constexpr const char* kWhat = "fill bus message";
    check(sd_bus_message_append(m, "(sv)", "DevicePolicy", "s", "closed"), kWhat);
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

}  // namespace

Scope start_vps_scope(Veid veid, const std::vector<Device>& devices, const SystemdPlaces& places) {
    return start_scope({veid, scope_unit(veid), fmt::format("VPS {}: its processes", veid.value()),
                        [&](sd_bus_message* m) { append_devices(m, devices); }, places});
}

void end_vps_scope(Veid veid) {
    end_scope(veid, scope_unit(veid));
}

}  // namespace vps

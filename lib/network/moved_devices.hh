// NETDEV: network devices of the host that a VPS has for as long as it runs. The kernel would
// destroy a virtual one with the VPS's network namespace; so /run/vps/N/netns keeps that until they
// are back. Callers are root in the host context.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"
#include "sys/fd.hh"

namespace vps {

// The state of a device that the VPS can change and the kernel does not take back with the device.
struct DeviceState {
    std::string mac;    // as the kernel has it, of any size
    std::string alias;  // ip-link(8)
    std::vector<std::string> altnames;
    unsigned mtu = 0, flags = 0, queue_length = 0;
    bool operator==(const DeviceState&) const = default;
};

// A device of the host by name and index there. In the VPS, which may rename it, it has another
// index that follows from this one and that the VPS cannot change.
struct MovedDevice {
    std::string name;
    int index = 0;
    DeviceState was{};
    bool operator==(const MovedDevice&) const = default;
};

// Reads the devices as they are now. Throws Error NetdevFailed when one does not exist, and says
// which VPS has it.
std::vector<MovedDevice> find_devices_to_move(Veid veid, const std::vector<std::string>& names);

// Moves them in; the VPS may have others already. Throws Error NetdevFailed.
void move_devices(Veid veid, const std::vector<MovedDevice>& devices, FdRef network_namespace);

// Moves back those that are in there, each under the name that it had if that is free, and as it
// was then. Addresses and queues of the VPS's go with the move. Returns those that are not in
// there: they have gone, or the VPS has them in a namespace of its own. Throws SysError; those that
// are not back yet can be tried again.
std::vector<MovedDevice> take_back_devices(Veid veid, const std::vector<MovedDevice>& devices);

// Removes the name of the network namespace, which ends once no process has it, together with the
// devices that are still in it. Throws SysError.
void let_go_of_namespace(Veid veid);

}  // namespace vps

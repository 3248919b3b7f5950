// A device node of a VPS, made by root of the host in a directory that the VPS may have changed
// since its start: no link and no mount of the VPS's leads elsewhere.
#pragma once

#include <string>

#include "context/device.hh"
#include "state/id_range.hh"
#include "sys/fd.hh"

namespace vps {

enum class NodeMade { Now, Before, NameTaken };

// Makes the node `device.node` below `dev`, a directory of a /dev, and the directories on the way:
// "net/tun". They belong to `owner`. Returns Before for a node of the same device that is there,
// and NameTaken where something else is. Throws SysError CannotMount.
NodeMade make_device_node(FdRef dev, const Device& device, const UserIds& owner);

// Removes the node where it is one of this device.
void remove_device_node(FdRef dev, const Device& device);

}  // namespace vps

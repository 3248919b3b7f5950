// What systemd knows of the host's devices: it dismounts a file system when it hears that its
// device has gone, be that late. systemd.device(5).
#pragma once

#include <string>

#include "systemd/places.hh"

namespace vps {

enum class DeviceState { There, Gone };

// Waits until systemd has heard that the device with this path of /dev is there, or is gone; for
// ten seconds at most, and not at all where systemd does not answer.
void await_device(const std::string& path, DeviceState state, const SystemdPlaces& places = {});

}  // namespace vps

// Devices that a VPS may use beyond those of every VPS: DEVNODES, DEVICES and FEATURES of
// vps.conf(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"

namespace vps {

struct Device {
    bool block = false;
    unsigned major = 0;
    std::optional<unsigned> minor;  // none: all minors
    std::string access;             // of "rwm", as in systemd.resource-control(5), DeviceAllow=
    std::string node;               // its path below /dev in the VPS; empty: none is made
    mode_t mode = 0666;             // of the node

    bool operator==(const Device&) const = default;
};

// The devices that DEVNODES, DEVICES and FEATURES of the configuration ask for. A device that the
// host does not have in `dev` is passed over and told in `problems`.
std::vector<Device> find_devices(const VpsConfig& config, std::vector<ConfigProblem>& problems,
                                 const std::string& dev = "/dev");

}  // namespace vps

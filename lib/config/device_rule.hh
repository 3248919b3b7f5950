// Devices that DEVICES, DEVNODES and FEATURES name, as plain data; the host is not asked for them.
#pragma once

#include <optional>
#include <string>

namespace vps {

// A word of DEVICES: "c:10:200:rw", "b:8:all:r".
struct DeviceRule {
    bool block = false;
    unsigned major = 0;
    std::optional<unsigned> minor;  // none: all minors
    std::string access;             // of "rwm", as in systemd.resource-control(5), DeviceAllow=
    bool operator==(const DeviceRule&) const = default;
};

// A word of DEVNODES: "net/tun:rw".
struct DeviceNode {
    std::string name;  // below /dev
    std::string access;
    bool operator==(const DeviceNode&) const = default;
};

// The words of FEATURES that are devices.
struct DeviceFeatures {
    bool ppp = false, tun = false, fuse = false;
    bool operator==(const DeviceFeatures&) const = default;
};

}  // namespace vps

// Names of the units of a VPS. The generator writes units under them, the helpers ask for them.
#pragma once

#include <cstdint>
#include <string>

#include "veid.hh"

namespace vps {

inline std::string service_unit(Veid veid) {
    return "vps@" + veid.to_string() + ".service";
}
inline std::string slice_unit(Veid veid) {
    return "vps-" + veid.to_string() + ".slice";
}
inline std::string scope_unit(Veid veid) {
    return "vps-" + veid.to_string() + ".scope";
}

// The target that is reached when all autostarted VPSes of this BOOTORDER are up.
inline std::string bootorder_target(std::uint32_t bootorder) {
    return "vps-bootorder-" + std::to_string(bootorder) + ".target";
}

}  // namespace vps

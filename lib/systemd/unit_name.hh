// Names of the units of a VPS. The generator writes units under them, the helpers ask for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/veid.hh"

namespace vps {

inline constexpr const char* kSliceOfAll = "vps.slice";  // holds the slices of all VPSes

inline std::string service_unit(Veid veid) {
    return "vps@" + veid.to_string() + ".service";
}
// The unit that starts the service at boot if the VPS ran when the host went down.
inline std::string onboot_unit(Veid veid) {
    return "vps-onboot@" + veid.to_string() + ".service";
}
inline std::string slice_unit(Veid veid) {
    return "vps-" + veid.to_string() + ".slice";
}
// The VPS whose slice has this name; nothing for any other name.
inline std::optional<Veid> veid_of_slice(std::string_view name) {
    constexpr std::string_view kBegin = "vps-", kEnd = ".slice";
    if (!name.starts_with(kBegin) || !name.ends_with(kEnd))
        return std::nullopt;
    name.remove_prefix(kBegin.size());
    name.remove_suffix(kEnd.size());
    return Veid::parse(name);
}
inline std::string scope_unit(Veid veid) {
    return "vps-" + veid.to_string() + ".scope";
}
// The scope of processes that action scripts have left running. Its name is not "vps-…", because
// the drop-in for these upholds vps@N.
inline std::string scripts_unit(Veid veid) {
    return "scripts-of-vps-" + veid.to_string() + ".scope";
}
// The scope of the process that thaws a VPS for one that has frozen it for a moment. Likewise.
inline std::string thaw_unit_of(Veid veid) {
    return "thaw-of-vps-" + veid.to_string() + ".scope";
}

// The target that is reached when all VPSes of this BOOTORDER that start at boot are up.
inline std::string bootorder_target(std::uint32_t bootorder) {
    return "vps-bootorder-" + std::to_string(bootorder) + ".target";
}

}  // namespace vps

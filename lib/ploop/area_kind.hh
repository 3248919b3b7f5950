// Whether a private area holds the files of a VPS, or a disk with them: VE_LAYOUT, and what is
// there. Pure but for the looking.
#pragma once

#include <string>

#include "config/config.hh"
#include "sys/fd.hh"

namespace vps {

inline constexpr const char* kDiskDirectory = "root.hdd";  // of a private area

enum class AreaKind { Files, Disk };

// `has_disk`: there is a descriptor in the area's root.hdd. Throws Error: Ploop where VE_LAYOUT is
// simfs and a disk lies in the area, NoPrivateArea where VE_LAYOUT is ploop and none does. `area`
// is the area's name.
AreaKind find_area_kind(const VpsConfig& config, bool has_disk, const std::string& area);

bool has_disk(FdRef area);

}  // namespace vps

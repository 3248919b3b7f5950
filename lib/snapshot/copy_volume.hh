// Copies of a private area that is a volume (copy_area.hh, volume.hh). Callers are root in the host
// context.
#pragma once

#include <memory>
#include <string>

#include "snapshot/copy_area.hh"
#include "snapshot/volume.hh"

namespace vps {

std::unique_ptr<AreaCopier> make_volume_copier(Veid veid, AreaVolume volume);

// As settle_area(); the area is mounted when it returns.
[[nodiscard]] bool settle_volume(const AreaVolume& former, const std::string& place);

}  // namespace vps

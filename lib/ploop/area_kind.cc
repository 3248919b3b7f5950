#include "ploop/area_kind.hh"

#include <fmt/format.h>
#include <unistd.h>

#include "ploop/disk_descriptor.hh"
#include "sys/error.hh"

namespace vps {

AreaKind find_area_kind(const VpsConfig& config, bool has_disk, const std::string& area) {
    if (has_disk && config.layout == Layout::Simfs)
        throw Error(ExitCode::Ploop,
                    fmt::format("the private area '{0}' is a ploop image, but VE_LAYOUT is simfs; "
                                "remove that line, or move '{0}/{1}' away if the files beside it "
                                "are the VPS's",
                                area, kDiskDirectory));
    if (!has_disk && config.layout == Layout::Ploop)
        throw Error(ExitCode::NoPrivateArea,
                    fmt::format("the ploop image '{}/{}/{}' does not exist, but VE_LAYOUT is ploop",
                                area, kDiskDirectory, kDescriptor));
    return has_disk ? AreaKind::Disk : AreaKind::Files;
}

bool has_disk(FdRef area) {
    const std::string path = fmt::format("{}/{}", kDiskDirectory, kDescriptor);
    return faccessat(area.get(), path.c_str(), F_OK, 0) == 0;
}

}  // namespace vps

// Whether a private area holds the files of a VPS, or a disk with them: VE_LAYOUT, what is there,
// and who can have made it. Callers are root in the host context; nothing but the mark is changed.
#pragma once

#include <optional>
#include <string>

#include "config/config.hh"
#include "sys/fd.hh"

namespace vps {

inline constexpr const char* kDiskDirectory = "root.hdd";  // of a private area

enum class AreaKind { Files, Disk };

// Who made the root.hdd with a descriptor that is in an area. An area of files is what root in the
// VPS has below "/": there that root can make one, and say by it what the next start mounts.
enum class DiskMaker { None, Host, Vps };

// Vps: where root.hdd or the descriptor is a symbolic link, where directories of a system are
// beside it, or where the area has the mark. Throws SysError.
DiskMaker find_disk_maker(FdRef area);

// Marks an area as one of files: by an attribute (trusted.*) that no root of a user namespace can
// see, set or remove, and that goes along with a copy of all attributes. A file system without such
// attributes has no mark.
void mark_as_files(FdRef area);

// Throws Error: Ploop where VE_LAYOUT is simfs and a disk of the host's making lies in the area,
// NoPrivateArea where VE_LAYOUT is ploop and none does. A disk of the VPS's making is a disk only
// where VE_LAYOUT says so. `area` is the area's name.
AreaKind find_area_kind(const VpsConfig& config, DiskMaker maker, const std::string& area);

// What is to be told where a disk is taken for files of the VPS and no VE_LAYOUT says that they
// are.
std::optional<std::string> explain_disk_of_vps(const VpsConfig& config, DiskMaker maker,
                                               const std::string& area);

}  // namespace vps

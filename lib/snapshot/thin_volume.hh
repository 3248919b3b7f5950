// Thin volumes of LVM (lvmthin(7)) as volumes of private areas. A snapshot is a thin volume that
// shares its blocks with the others of its pool, and depends on none of them; the host's boot does
// not activate it (--setactivationskip). The volume of a note has a tag with the note's uuid, and a
// name with that uuid; of the two volumes of an exchange, both of which have the tag for a moment,
// the area's is the one by the administrator's name. Each step of an exchange is one of LVM's
// transactions; between the two renames there is no area, and settle() brings back the former.
#pragma once

#include "snapshot/volume.hh"

namespace vps {

class ThinVolumes final : public VolumeManager {
  public:
    [[nodiscard]] std::string_view name() const override { return "lvm"; }
    [[nodiscard]] std::optional<AreaVolume> find(const MountEntry& mount) const override;
    void snapshot(const AreaVolume& area, const VolumeNote& note) const override;
    void copy(const AreaVolume& area, const VolumeNote& from,
              const VolumeNote& note) const override;
    void exchange(const AreaVolume& area, const VolumeNote& note) const override;
    [[nodiscard]] bool settle(const AreaVolume& area, const VolumeNote& note) const override;
    void mount_snapshot(const VolumeNote& note, const std::string& target) const override;
    [[nodiscard]] std::vector<SnapshotMount> find_mounts(const VolumeNote& note) const override;
    void release(const VolumeNote& note) const override;
    void remove(const VolumeNote& note) const override;

  protected:
    [[nodiscard]] std::string source_of(const AreaVolume& area) const override;
};

}  // namespace vps

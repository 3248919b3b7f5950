// Datasets of ZFS as volumes of private areas (volume.hh), by zfs(8). A snapshot is one of the
// area's dataset, and has its note's name: "tank/private/101@vps-101-fbcdf284-…". It is looked for
// by that name in all datasets beside the area's, since a promotion by the administrator (zfs
// promote) gives it to another one. There is no switch: ZFS takes a dataset back to its latest
// snapshot only, and destroys the others for an earlier one.
#pragma once

#include "snapshot/volume.hh"

namespace vps {

class ZfsDatasets final : public VolumeManager {
  public:
    [[nodiscard]] std::string_view name() const override { return "zfs"; }

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

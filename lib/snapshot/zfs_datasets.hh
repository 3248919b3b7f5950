// Datasets of ZFS as volumes of private areas (volume.hh), by zfs(8). A snapshot is one of the
// area's dataset, and has its note's name: "tank/private/101@vps-101-fbcdf284-…". A dataset that is
// no area lies beside the area's, has a note's name likewise, and is mounted by no boot:
//
//     area's            beside it                what it is
//     101@A @B          -                        two snapshots, A the older one
//     101@A @B          X, of 101@A              the copy of A for a switch
//     101@A             X@B, of 101@A            after the switch: X is what was the area's
//     101@A @B          -                        X has gone with the note X; or else
//     101@A             X@B, of 101@A            it is kept for B, as B has it
//     101@A @B          X, Y                     the switch to B: neither is needed, both go
//     101@A             X, of 101@A              a switch that was cut off: X is a snapshot itself
//     101@A             X@X, of 101@A            X is wanted, and is kept for its snapshot
//
// ZFS takes a dataset back to its latest snapshot only. So each switch is to a clone, whatever the
// snapshot is, and the area's dataset takes over the snapshots that the clone grew from (zfs
// promote): the area is never the clone of a dataset that is kept. Snapshots are looked for by
// their names in all datasets beside the area's. A snapshot that others have grown from goes when
// they do (zfs destroy -d), a dataset that is kept when its last snapshot does.
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
    void dismount_own(const AreaVolume& area) const override;
    void mount_area(const AreaVolume& area) const override;
    void mount_snapshot(const VolumeNote& note, const std::string& target) const override;
    [[nodiscard]] std::vector<SnapshotMount> find_mounts(const VolumeNote& note) const override;
    void release(const VolumeNote& note) const override;
    void remove(const VolumeNote& note) const override;

  protected:
    [[nodiscard]] std::string source_of(const AreaVolume& area) const override;
};

}  // namespace vps

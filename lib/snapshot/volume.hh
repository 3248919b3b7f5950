// A private area that is all of a file system on a volume of its own, whose manager makes snapshots
// of volumes: LVM of thin ones (thin_volume.hh), ZFS of datasets (zfs_datasets.hh). In each place
// of a snapshot (snapshot_store.hh) a note of its volume lies instead of a tree. The note is on
// disk before the volume is made, so that what was cut off is found and removed; and a volume has a
// mark with the uuid of its note, so that no volume is ever removed or renamed which is not ours.
// Callers are root in the host context.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hh"
#include "sys/mount.hh"

namespace vps {

inline constexpr const char *kShared = "shared", *kPrivate = "private";

// The volume that a private area is, and how it is mounted.
struct AreaVolume {
    std::string manager;  // the name() of the volume's manager
    std::string group;    // the manager's lasting id of what the volume is in: VG, pool
    std::string id;       // its lasting id of the volume; another one once a switch has taken place
    std::string name;     // what the administrator calls it, in the group; it stays in a switch
    std::string target{};           // where it is mounted: the private area
    std::string type{}, options{};  // likewise; options as mount(8) takes them
    std::string propagation{};      // likewise: kShared, or kPrivate (mount_namespaces(7))
    bool operator==(const AreaVolume&) const = default;
};

// A note in a place. What it names may not be there (yet), as a step was cut off.
struct VolumeNote {
    std::string manager, group;
    std::string uuid;  // the mark; unlike a name, nobody gives it to another volume by chance
    std::string name;  // what a volume is called that is made for this note
    std::string type;  // of the file system
    // The note's file, locked; empty where the note is only looked at. A manager's program has it
    // open, too: it goes on when vzctl is killed, and whoever opens the note then waits for it.
    Fd lock{};
};

// Where a snapshot is mounted, and the device of its file system.
struct SnapshotMount {
    std::string target, device;
};

// What a manager can do. Each throws Error System, with the manager's own words in one line, and
// with what is to be done where its programs are not installed.
class VolumeManager {
  public:
    VolumeManager() = default;
    VolumeManager(const VolumeManager&) = delete;
    VolumeManager& operator=(const VolumeManager&) = delete;
    virtual ~VolumeManager() = default;

    // The word in notes: "lvm".
    [[nodiscard]] virtual std::string_view name() const = 0;

    // The volume that this mount shows; nothing where it is none of this manager's. Throws where it
    // is, but can have no snapshots: with what can be done about it. Only `manager`, `group`, `id`
    // and `name` are set.
    [[nodiscard]] virtual std::optional<AreaVolume> find(const MountEntry& mount) const = 0;

    // Makes the note's volume, with what the area has now. The file system is mounted, and is whole
    // in the snapshot: while processes that are frozen do not write to it. Neither this volume nor
    // that of copy() is mounted, nor seen by the host's boot, by whatever name or id of its file
    // system.
    virtual void snapshot(const AreaVolume& area, const VolumeNote& note) const = 0;

    // Makes the note's volume from that of a snapshot, of which it is independent from then on: it
    // is to become the area's. What the administrator has set on the area's volume it has, too.
    virtual void copy(const AreaVolume& area, const VolumeNote& from,
                      const VolumeNote& note) const = 0;

    // The area's volume becomes the note's, and the note's the area's; neither is mounted. The
    // area's can be mounted then. The same again is the way back.
    virtual void exchange(const AreaVolume& area, const VolumeNote& note) const = 0;

    // After copy() or exchange() that was cut off at any moment, by whatever, or was not: brings
    // the area's volume to be a whole one, of the two, which can be mounted, and may be so already.
    // Returns whether it is another than `area.id`; the note's volume is that one then.
    [[nodiscard]] virtual bool settle(const AreaVolume& area, const VolumeNote& note) const = 0;

    // Dismounts what the manager itself has mounted in the area.
    virtual void dismount_own(const AreaVolume& area) const;

    // The area as it was mounted, with mount(8), which systemd sees.
    virtual void mount_area(const AreaVolume& area) const;

    // Mounts the note's volume read-only, without devices and set-uid bits.
    virtual void mount_snapshot(const VolumeNote& note, const std::string& target) const = 0;
    [[nodiscard]] virtual std::vector<SnapshotMount> find_mounts(const VolumeNote& note) const = 0;
    // It is dismounted again: what mount_snapshot() did besides is undone.
    virtual void release(const VolumeNote& note) const = 0;

    // Removes the note's volume, if there is one. Refuses where it is not certain that it is ours:
    // where the mark is missing, or its name is none that we give.
    virtual void remove(const VolumeNote& note) const = 0;

  protected:
    // Where mount_area() finds it: "/dev/vg/vps-101".
    [[nodiscard]] virtual std::string source_of(const AreaVolume& area) const = 0;
};

// The manager that is called so. Throws Error System for another word.
const VolumeManager& manager_called(std::string_view name);

// The volume that this mount point shows, and how. Throws Error System where that has no snapshots,
// with what can be done about it.
AreaVolume find_area_volume(const std::string& area);

// The text of the file with an AreaVolume, and back; nothing for the text of something else. Pure.
// Throws Error System for a broken one.
std::string format_area_volume(const AreaVolume& area);
std::optional<AreaVolume> parse_area_volume(const std::string& text);

// Writes the note of a place, onto disk, and locks it. The name of its volume is `label` with the
// name of the place, which is a uuid: "vps-101-fbcdf284-5345-416b-a589-7b5fcaa87673". Throws Error
// System.
VolumeNote write_note(const std::string& place, const AreaVolume& area, const std::string& label);

// The note in a place; nothing where none is. Throws Error System.
enum class NoteLock { Yes, No };
std::optional<VolumeNote> open_note(const std::string& place, NoteLock lock = NoteLock::Yes);

// Likewise; throws Error System where none is.
VolumeNote require_note(const std::string& place);

// What remove_copy() does first to a place with a note. Throws Error System.
void remove_volume_of(const std::string& place);

}  // namespace vps

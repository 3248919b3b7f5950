// Where the snapshots of a VPS are: beside its private area, in a directory of root's alone that
// the VPS never sees, for instance /vz/private/101.snapshots. It has the list, and for each
// snapshot a directory, its place, with the configuration and the tree of the private area, or a
// note of the volume (volume.hh) that has it. The tree is whole before the list names it: what the
// list does not name was cut off, and goes with the next change. Callers are root.
#pragma once

#include <string>

#include "snapshot/snapshot_list.hh"
#include "sys/fd.hh"

namespace vps {

// The directory of the snapshots of this private area, which is named without symbolic links.
std::string snapshots_of(const std::string& area);

// The place of a snapshot: "….snapshots/fbcdf284-5345-416b-a589-7b5fcaa87673".
std::string place_of_snapshot(const std::string& area, const std::string& uuid);

// What a switch calls its place from before the private area is exchanged until it is over:
// "….snapshots/switching".
std::string place_to_switch_of(const std::string& area);

// The file in a place to switch with the identity of the area that was (copy_area.hh).
inline constexpr const char* kIdentityOfFormer = "/area";

// The list, without the lock; an empty one where there are no snapshots. Throws Error System, also
// where there are some and the list is lost.
SnapshotList read_snapshots(const std::string& area);

// The lock that one operation on the snapshots at a time has, until it is closed; empty where there
// are none. Throws Error Locked at once while another operation is under way, and SysError.
Fd lock_snapshots(const std::string& area);

// Removes all snapshots of this private area, and what was cut off; the caller has the lock. Throws
// Error System.
void remove_snapshots(const std::string& area);

class SnapshotStore {
  public:
    enum class Create { Yes, No };

    // Takes the lock, which one operation at a time has, and removes what was cut off; not so
    // while there is a place_to_switch(). Without a directory and with Create::No the store is
    // empty. Throws Error Locked at once while another operation is under way.
    SnapshotStore(const std::string& area, Create create);
    SnapshotStore(SnapshotStore&&) = default;
    SnapshotStore(const SnapshotStore&) = delete;
    SnapshotStore& operator=(const SnapshotStore&) = delete;
    // Removes the directory if there are no snapshots.
    ~SnapshotStore();

    [[nodiscard]] const SnapshotList& list() const { return list_; }
    // Writes the list as it is to be from now on; on disk when it returns. Throws SysError.
    void write(const SnapshotList& list);

    [[nodiscard]] const std::string& directory() const { return directory_; }
    // "…/fbcdf284-5345-416b-a589-7b5fcaa87673", and in it the tree and the configuration.
    [[nodiscard]] std::string place_of(const std::string& uuid) const;
    [[nodiscard]] std::string tree_of(const std::string& uuid) const;
    [[nodiscard]] std::string config_of(const std::string& uuid) const;

    // Where a switch makes the tree that is to become the private area; a later change removes it.
    [[nodiscard]] std::string place_to_copy() const;
    // What that is called from before the private area is exchanged until the switch is over.
    [[nodiscard]] std::string place_to_switch() const;

    // A place to switch, if there is one, is only something to remove from then on. Throws
    // SysError.
    void end_switch() const;
    // Likewise, and removes it, and all that the list does not name, which takes a time that grows
    // with the number of files. Throws Error System.
    void sweep() const;

  private:
    std::string directory_;
    Fd lock_;
    SnapshotList list_;
};

}  // namespace vps

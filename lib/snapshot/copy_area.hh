// Copies of a private area, by what it lies on: a snapshot of a subvolume of btrfs, reflinks file
// by file, or a snapshot of the volume that the area is (volume.hh). A copy lies in a place
// (snapshot_store.hh): as its tree, or as a note of its volume. Callers are root in the host
// context.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/veid.hh"

namespace vps {

// Gets the number of files so far, of copies file by file; may throw to end the work. What was made
// is to be removed then.
using CopyTick = std::function<void(std::uint64_t)>;

class AreaCopier {
  public:
    AreaCopier() = default;
    AreaCopier(const AreaCopier&) = delete;
    AreaCopier& operator=(const AreaCopier&) = delete;
    virtual ~AreaCopier() = default;

    // How long a copy takes: file by file, a time that grows with their number. Throws Error System
    // where the file system can make none, with what can be done about it.
    enum class Pace { AtOnce, ByFile };
    [[nodiscard]] virtual Pace pace() const = 0;

    // Prepares a place, an empty directory, for one of the two copies. Throws Error System.
    virtual void prepare(const std::string& place) const = 0;
    // Copies the area as it is now into the place. Throws Error System.
    virtual void save(const std::string& place, const CopyTick& tick) const = 0;
    // Makes in the place a copy of the snapshot in `from` that can become the area. Likewise.
    virtual void restore(const std::string& from, const std::string& place,
                         const CopyTick& tick) const = 0;

    // Throws Error System, with who it is, where somebody but the VPS that is mounted on `ve_root`
    // (empty: on none) uses the area in a way that an exchange must not have.
    virtual void require_unused(const std::string& ve_root) const = 0;
    // What settle_area() knows the area by that is there now.
    [[nodiscard]] virtual std::string identity() const = 0;
    // The copy in the place becomes the area, and the area the copy in the place. The same again is
    // the way back. Throws Error System; settle_area() tells then how far it has come.
    virtual void exchange(const std::string& place) const = 0;
};

// `store` is the directory of the area's snapshots. Throws Error System where the area is on a
// volume without snapshots, and where its snapshots are of a volume that is not mounted.
std::unique_ptr<AreaCopier> find_area_copier(Veid veid, const std::string& area,
                                             const std::string& store);

// After prepare(), restore() and exchange() by which the area with the identity `former` and the
// copy in the place were to change places, whatever has cut them off: the area is a whole one of
// the two, and in use again. Returns whether it is the other one. The former lies in the place
// then. Throws Error System where neither is certain.
[[nodiscard]] bool settle_area(const std::string& area, const std::string& place,
                               const std::string& former);

// Nobody writes to a copy that is a subvolume from then on. Throws SysError.
void protect_copy(const std::string& path);

// Removes a directory and all in it, the volume of its note and subvolumes among it, where there is
// one. Nothing is mounted in it. Throws Error System.
void remove_copy(const std::string& path);

// Likewise, with a directory of directories with copies. One that is not there is no error.
void remove_copies(const std::string& path);

}  // namespace vps

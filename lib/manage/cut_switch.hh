// What a switch to a snapshot notes before it exchanges the private area, and what ends it by that
// when it was cut off, by kill -9 or a power cut at any moment. The exchange is what decides:
// before it, the switch has not been; from then on, the configuration and the list follow the area.
// The area that was becomes a snapshot then, since nobody has seen the VPS start with the other
// one. An exchange of trees is one call; one of volumes can be cut off itself, and is settled.
// Callers are root in the host context.
#pragma once

#include <string>
#include <utility>

#include "manage/call.hh"
#include "manage/snapshot_area.hh"
#include "snapshot/snapshot_store.hh"
#include "systemd/log.hh"

namespace vps {

// What is in a place to copy or to switch. The snapshot that the former area may become has its
// place there, with the copy: until the exchange the one that is to be the private area.
class SwitchPlace {
  public:
    SwitchPlace(std::string path, std::string uuid);
    // Reads the uuid. Throws Error System.
    static SwitchPlace find(const std::string& path);

    [[nodiscard]] const std::string& uuid() const { return uuid_; }
    [[nodiscard]] std::string place() const;
    [[nodiscard]] std::string tree() const { return place() + "/tree"; }
    [[nodiscard]] std::string config() const { return place() + "/config"; }  // before the switch

    // The identity of the former area (copy_area.hh); the list and, if it changes, the
    // configuration that are to be when the switch has been cut off.
    [[nodiscard]] std::string area_identity() const { return path_ + kIdentityOfFormer; }
    [[nodiscard]] std::string next_list() const { return path_ + "/list"; }
    [[nodiscard]] std::string next_config() const { return path_ + "/config"; }

  private:
    std::string path_, uuid_;
};

// Replaces the VPS's configuration, with the link of its name. Throws Error.
void replace_config(Veid veid, const std::string& text);

// The files that were the VPS's, if there is a tree of them, count for its disk quota no more: it
// is on the file system of the area that is. Throws SysError.
void stop_counting(Veid veid, const std::string& tree);

// The VPS's snapshots, locked. Ends a switch that was cut off, and says so. Throws Error as
// SnapshotStore does, and Error System where that cannot be told, with what to look at.
SnapshotStore open_snapshots(const Call& call, const SnapshotArea& subject,
                             SnapshotStore::Create create);

// For a start of the VPS, before its configuration counts: likewise, with the lease of the area
// (lease.hh), and returns whether the configuration may be another one now. A copy that is of no
// use is left for the next operation on the snapshots to remove. A switch that goes on is left
// alone, for the start may be its own. Throws Error Running, where another host has the lease; what
// else cannot be ended is told, as the area is a whole one all the same.
[[nodiscard]] bool end_switch_before_start(Veid veid, const std::string& ve_private,
                                           const Log& log);

}  // namespace vps

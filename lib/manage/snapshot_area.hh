// What the snapshot verbs of vzctl work on: the private area of a VPS, its kind, and the snapshots
// of it that are mounted. Callers are root in the host context.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "manage/call.hh"
#include "ploop/area_kind.hh"
#include "snapshot/copy_area.hh"
#include "snapshot/snapshot_store.hh"
#include "snapshot/volume.hh"
#include "sys/within.hh"

namespace vps {

struct SnapshotArea {
    VpsConfig config;
    std::string area;  // without symbolic links
    AreaKind kind = AreaKind::Files;
};

// Throws Error: NoVePrivate, NoPrivateArea, Ploop.
SnapshotArea find_snapshot_area(Veid veid);

// Makes the directory anew that the area was mounted on: where a switch was cut off, the manager of
// its volume may have removed it. Throws SysError.
void restore_mount_point(const std::string& area);

// A new uuid, with braces.
std::string make_uuid();

// The host's time, as the list of snapshots has it.
std::string date_now();

// Has written to disk all of the file system that the directory is on. Throws SysError.
void sync_file_system(const std::string& directory);

// Writes the VPS's configuration to this file, which is new. Whoever was root in the VPS may have
// had a hand in the names: nothing is followed there. Throws SysError.
void save_config(Veid veid, const std::string& path);

// The uuid of --id or --uuid, with braces; nothing where none is given. Throws Complaint BadValue
// for a word that is none.
std::optional<std::string> given_uuid(const Call& call);

// Likewise; throws Complaint Usage where none is given.
std::string require_uuid(const Call& call);

// The value of the last such option; empty where none is given.
std::string given_value(const Call& call, std::string_view option);

// Throws Complaint with this code where the list has no such snapshot.
void require_snapshot(const SnapshotList& list, const std::string& uuid, ExitCode code);

// Where the snapshot in this place is mounted.
std::vector<SnapshotMount> find_snapshot_mounts(const std::string& place, AreaKind kind);

// What makes copies of the area, for the snapshots in this store. Throws Error System where nothing
// can.
std::unique_ptr<AreaCopier> find_copier(Veid veid, const SnapshotArea& subject,
                                        const SnapshotStore& store);

// Does `step`; its errors are told in vzctl's way, behind `words`, and those without a code of
// their own have `code`.
template <typename Step>
auto as_vzctl(const std::string& words, ExitCode code, Step&& step) {
    try {
        return within({words, code}, std::forward<Step>(step));
    } catch (const Error& error) {
        throw Complaint(error.code(), error.what());
    }
}

}  // namespace vps

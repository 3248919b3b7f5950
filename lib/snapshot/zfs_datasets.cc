#include "snapshot/zfs_datasets.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "snapshot/manager_program.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

using Words = std::vector<std::string>;

// Of a snapshot: the uuid of its note. It means nothing to ZFS (zfsprops(7), user properties).
constexpr const char* kMark = "systemd-vps:mark";

[[noreturn]] void fail(const std::string& why) {
    throw Error(ExitCode::System, why);
}

std::string run(const Words& words, FdRef held = FdRef(-1)) {
    static const ManagerProgram kZfs{.name = "zfs", .package = "zfsutils-linux"};
    return run_manager(kZfs, words, held);
}

Words lines_of(const std::string& text) {
    Words lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(std::move(line));
    return lines;
}

std::string look_up(const std::string& property, const std::string& dataset) {
    const Words lines = lines_of(run({"get", "-Hp", "-o", "value", property, dataset}));
    return lines.empty() ? "" : lines.front();
}

// The dataset that the areas with this `group` are in. Its name may be another one by now.
std::string find_group(const std::string& guid) {
    for (const std::string& line :
         lines_of(run({"list", "-Hp", "-t", "filesystem", "-o", "guid,name"})))
        if (line.starts_with(guid + "\t"))
            return line.substr(guid.size() + 1);
    fail(
        fmt::format("there is no dataset with the guid {}, in which the area was: is its pool "
                    "imported",
                    guid));
}

bool is_snapshot_called(const std::string& snapshot, const std::string& name) {
    return snapshot.ends_with("@" + name);
}

// The note's snapshot, whichever dataset has it now; empty where there is none.
std::string find_snapshot(const std::string& group, const VolumeNote& note) {
    Words words{"get", "-Hp", "-s", "local", "-o", "name,value", kMark};
    const std::size_t count = words.size();
    for (const std::string& name : lines_of(
             run({"list", "-H", "-t", "snapshot", "-d", "2", "-o", "name", "-s", "name", group})))
        if (is_snapshot_called(name, note.name))
            words.push_back(name);
    if (words.size() == count)
        return {};
    for (const std::string& line : lines_of(run(words)))
        if (const std::size_t tab = line.find('\t'); line.substr(tab + 1) == note.uuid)
            return line.substr(0, tab);
    fail(fmt::format("'{}' may be this snapshot, but is not certain to be: {} is not {}",
                     words.back(), kMark, note.uuid));
}

std::string require_snapshot(const VolumeNote& note) {
    std::string found = find_snapshot(find_group(note.group), note);
    if (found.empty())
        fail(fmt::format("its snapshot '{}' is not there", note.name));
    return found;
}

// ZFS takes a dataset back to its latest snapshot only.
[[noreturn]] void refuse_switch(const VolumeNote& from) {
    fail(
        fmt::format("vzctl does not switch datasets of zfs; by hand, the VPS stopped: zfs rollback "
                    "'{}', and -r where later snapshots are to be lost, or zfs clone",
                    require_snapshot(from)));
}

// Mounts that zfs makes by itself when somebody looks into .zfs/snapshot.
bool is_automount(const MountEntry& mount) {
    return mount.target.find("/.zfs/snapshot/") != std::string::npos;
}

}  // namespace

std::optional<AreaVolume> ZfsDatasets::find(const MountEntry& mount) const {
    if (mount.type != "zfs" || mount.root != "/")
        return std::nullopt;
    const std::string& dataset = mount.source;
    if (dataset.find('@') != std::string::npos)
        fail(fmt::format("'{}' is a snapshot, to which nobody can write", dataset));
    const std::size_t slash = dataset.rfind('/');
    if (slash == std::string::npos)
        fail(
            fmt::format("'{}' is all of its pool; make a dataset for the VPS, as '{}/private', and "
                        "move the files there",
                        dataset, dataset));
    const Words datasets =
        lines_of(run({"list", "-H", "-t", "filesystem,volume", "-d", "1", "-o", "name", dataset}));
    if (datasets.size() > 1)
        fail(
            fmt::format("the dataset '{}' lies in '{}', and a snapshot of that would be without "
                        "it; rename it to another place (zfs rename)",
                        datasets.back(), dataset));
    return AreaVolume{.manager = std::string(name()),
                      .group = look_up("guid", dataset.substr(0, slash)),
                      .id = look_up("guid", dataset),
                      .name = dataset,
                      .target = {},
                      .type = {},
                      .options = {}};
}

// Pages of files that are mapped are not in a snapshot before they are written.
void ZfsDatasets::snapshot(const AreaVolume& area, const VolumeNote& note) const {
    const Fd top = sys::open(area.target, O_RDONLY | O_DIRECTORY);
    const auto mount = find_mount(top);
    if (!mount || mount->type != "zfs")
        fail(fmt::format("no dataset is mounted on '{}'", area.target));
    if (syncfs(top.get()) < 0)
        throw SysError(errno, "write to disk", area.target);
    run({"snapshot", "-o", fmt::format("{}={}", kMark, note.uuid),
         fmt::format("{}@{}", mount->source, note.name)},
        note.lock);
}

void ZfsDatasets::copy(const AreaVolume& /*area*/, const VolumeNote& from,
                       const VolumeNote& /*note*/) const {
    refuse_switch(from);
}

void ZfsDatasets::exchange(const AreaVolume& /*area*/, const VolumeNote& note) const {
    refuse_switch(note);
}

// Nothing is ever exchanged.
bool ZfsDatasets::settle(const AreaVolume& /*area*/, const VolumeNote& /*note*/) const {
    return false;
}

std::string ZfsDatasets::source_of(const AreaVolume& area) const {
    return area.name;
}

void ZfsDatasets::mount_snapshot(const VolumeNote& note, const std::string& target) const {
    const std::string snapshot = require_snapshot(note);
    if (::mount(snapshot.c_str(), target.c_str(), "zfs", MS_RDONLY | MS_NOSUID | MS_NODEV,
                nullptr) < 0)
        throw SysError(errno, fmt::format("mount '{}' on", snapshot), target);
}

// Nothing of zfs's is asked: a list of snapshots has many.
std::vector<SnapshotMount> ZfsDatasets::find_mounts(const VolumeNote& note) const {
    std::vector<SnapshotMount> found;
    for (const MountEntry& mount : read_mounts())
        if (mount.type == "zfs" && is_snapshot_called(mount.source, note.name) &&
            !is_automount(mount))
            found.push_back({mount.target, mount.source});
    return found;
}

void ZfsDatasets::release(const VolumeNote& /*note*/) const {}

// One that a clone has grown from goes when the clone does.
void ZfsDatasets::remove(const VolumeNote& note) const {
    if (const std::string snapshot = find_snapshot(find_group(note.group), note); !snapshot.empty())
        run({"destroy", "-d", snapshot}, note.lock);
}

}  // namespace vps

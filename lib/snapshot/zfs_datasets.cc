#include "snapshot/zfs_datasets.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "snapshot/dataset_list.hh"
#include "snapshot/manager_program.hh"
#include "state/place.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

using Words = std::vector<std::string>;
using Datasets = std::vector<Dataset>;

[[noreturn]] void fail(const std::string& why) {
    throw Error(ExitCode::System, why);
}

std::string run(const Words& words, FdRef held = FdRef(-1)) {
    static const ManagerProgram kZfs{.name = "zfs", .package = "zfsutils-linux"};
    return run_manager(kZfs, words, held);
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

// The datasets that are directly in it.
Datasets list_in(const std::string& group) {
    Datasets datasets = parse_datasets(run(words_to_list_datasets(group)));
    std::erase_if(datasets, [&](const Dataset& one) { return one.name == group; });
    return datasets;
}

template <typename Wanted>
const Dataset* find_one(const Datasets& datasets, const Wanted& is_wanted) {
    const auto found = std::find_if(datasets.begin(), datasets.end(), is_wanted);
    return found == datasets.end() ? nullptr : &*found;
}

const Dataset* find_area(const Datasets& datasets, const AreaVolume& area) {
    return find_one(datasets, [&](const Dataset& one) {
        return last_of_dataset(one.name) == last_of_dataset(area.name);
    });
}

// The note's dataset; null where there is none. Two of them are nothing to be certain of.
const Dataset* find_dataset(const Datasets& datasets, const VolumeNote& note) {
    const Dataset* found = nullptr;
    for (const Dataset& one : datasets) {
        if (!is_of_note(one, note))
            continue;
        if (found)
            fail(fmt::format("'{}' and '{}' both have the {} {}", found->name, one.name,
                             kMarkProperty, note.uuid));
        found = &one;
    }
    return found;
}

const Dataset& require_area(const Datasets& datasets, const AreaVolume& area) {
    const Dataset* found = find_area(datasets, area);
    if (!found)
        fail(fmt::format("there is no dataset '{}' any more", area.name));
    return *found;
}

bool is_snapshot_called(const std::string& snapshot, const std::string& name) {
    return snapshot.ends_with("@" + name);
}

// The names alone, which zfs prints without a look at each. The latest comes last.
Words list_snapshots_of(const std::string& dataset) {
    return lines_of(
        run({"list", "-H", "-t", "snapshot", "-d", "1", "-o", "name", "-s", "createtxg", dataset}));
}

// The note's snapshot, whichever dataset has it now; empty where there is none.
std::string find_snapshot(const std::string& group, const VolumeNote& note) {
    Words words{"get", "-Hp", "-s", "local", "-o", "name,value", kMarkProperty};
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
                     words.back(), kMarkProperty, note.uuid));
}

void set(const std::string& dataset, const Words& values, const VolumeNote& note) {
    Words words{"set"};
    words.insert(words.end(), values.begin(), values.end());
    words.push_back(dataset);
    run(words, note.lock);
}

std::string assign(const char* property, const std::string& value) {
    return fmt::format("{}={}", property, value);
}

// For its snapshots from now on, and for nothing else.
void keep(const std::string& dataset, const VolumeNote& note, FdRef held) {
    run({"set", assign(kMarkProperty, mark_of_kept(note.uuid)), "canmount=noauto",
         "reservation=none", "refreservation=none", dataset},
        held);
}

// A promotion hands a key that is the dataset's own on to the clone, but not as one that is loaded.
void require_key_from_above(const std::string& dataset, const std::string& group) {
    const std::string root = look_up("encryptionroot", dataset);
    if (root != "-" && !is_at_or_below(group, root))
        fail(
            fmt::format("'{}' is encrypted with the key of '{}', and a switch needs that to be the "
                        "key of '{}' or of what that is in (zfs-change-key(8))",
                        dataset, root, group));
}

// A snapshot to clone: where the note's volume is a dataset, one is made of it, and is the note's.
std::string require_snapshot(const VolumeNote& note, FdRef held) {
    const std::string group = find_group(note.group);
    std::string snapshot = find_snapshot(group, note);
    const Datasets datasets = list_in(group);
    const Dataset* dataset = find_dataset(datasets, note);
    if (snapshot.empty()) {
        if (!dataset)
            fail(fmt::format("its snapshot '{}' is not there", note.name));
        snapshot = fmt::format("{}@{}", dataset->name, note.name);
        run({"snapshot", "-o", assign(kMarkProperty, note.uuid), snapshot}, held);
    }
    if (dataset)
        keep(dataset->name, note, held);
    return snapshot;
}

// The area's dataset gets the snapshots that it has grown from, but not those of a dataset that is
// none of ours, as of a template.
void promote(const std::string& group, const AreaVolume& area, const VolumeNote& note) {
    for (std::string last;;) {
        const Datasets datasets = list_in(group);
        const Dataset& now = require_area(datasets, area);
        const std::string owner = now.origin.substr(0, now.origin.find('@'));
        if (!find_one(datasets, [&](const Dataset& one) {
                return one.name == owner && is_beside(one, note);
            }))
            return;
        if (now.origin == last)
            fail(fmt::format("'{}' does not become independent of '{}'", now.name, last));
        last = now.origin;
        run({"promote", now.name}, note.lock);
    }
}

// It can be mounted, and from here on the host's boot does so, as it did with the former.
void show(const Dataset& area, const std::string& target, const VolumeNote& note) {
    sys::mkdir_all(target, 0755);
    if (!area.area_canmount.empty()) {
        set(area.name, {assign("canmount", area.area_canmount)}, note);
        run({"inherit", kCanmountProperty, area.name}, note.lock);
    }
    if (!area.mark.empty())
        run({"inherit", kMarkProperty, area.name}, note.lock);
}

// It takes the directory away that the dataset was mounted on.
void rename(const Dataset& dataset, const std::string& name, const VolumeNote& note) {
    run({"rename", dataset.name,
         fmt::format("{}/{}", parent_of_dataset(dataset.name), last_of_dataset(name))},
        note.lock);
}

// What was not mounted by the host's boot before, it is not, either.
std::string canmount_of(const Dataset& area) {
    return area.area_canmount.empty() ? area.canmount : area.area_canmount;
}

// A dataset without snapshots is needed by nobody. Another one is kept as its latest has it, so
// that it takes no room of its own; where zfs refuses that, as for a later bookmark, it takes some.
void remove_or_roll_back(const std::string& dataset, const VolumeNote& note) {
    const Words snapshots = list_snapshots_of(dataset);
    if (snapshots.empty()) {
        run({"destroy", dataset}, note.lock);
        return;
    }
    try {
        if (look_up("written", dataset) != "0")
            run({"rollback", snapshots.back()}, note.lock);
    } catch (const Error&) {
    }
}

// What is kept for snapshots that have gone meanwhile; with each, its origin may go.
void remove_unneeded(const std::string& group, const VolumeNote& note) {
    for (std::size_t count = 0;;) {
        Datasets kept = list_in(group);
        std::erase_if(kept,
                      [&](const Dataset& one) { return !is_beside(one, note) || !is_kept(one); });
        if (kept.empty() || kept.size() == count)
            return;
        count = kept.size();
        for (const Dataset& dataset : kept)
            remove_or_roll_back(dataset.name, note);
    }
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
    const std::string group = parent_of_dataset(dataset);
    if (group.empty())
        fail(
            fmt::format("'{}' is all of its pool; make a dataset for the VPS, as '{}/private', and "
                        "move the files there",
                        dataset, dataset));
    const Datasets datasets = list_in(dataset);
    if (!datasets.empty())
        fail(
            fmt::format("the dataset '{}' lies in '{}', and a snapshot of that would be without "
                        "it; rename it to another place (zfs rename)",
                        datasets.front().name, dataset));
    return AreaVolume{.manager = std::string(name()),
                      .group = look_up("guid", group),
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
    run({"snapshot", "-o", assign(kMarkProperty, note.uuid),
         fmt::format("{}@{}", mount->source, note.name)},
        note.lock);
}

void ZfsDatasets::copy(const AreaVolume& area, const VolumeNote& from,
                       const VolumeNote& note) const {
    const std::string group = find_group(area.group);
    const Datasets datasets = list_in(group);
    const Dataset& now = require_area(datasets, area);
    if (now.guid != area.id)
        fail(fmt::format("'{}' is another dataset now", area.name));
    require_key_from_above(now.name, group);
    const std::string snapshot = require_snapshot(from, note.lock);
    Words words{"clone",
                "-o",
                assign("canmount", "noauto"),
                "-o",
                assign(kMarkProperty, note.uuid),
                "-o",
                assign(kCanmountProperty, canmount_of(now))};
    const Words set_there = words_for_properties(
        run({"get", "-Hp", "-s", "local,received", "-o", "property,value", "all", now.name}));
    words.insert(words.end(), set_there.begin(), set_there.end());
    words.insert(words.end(), {snapshot, fmt::format("{}/{}", group, note.name)});
    run(words, note.lock);
}

void ZfsDatasets::exchange(const AreaVolume& area, const VolumeNote& note) const {
    const std::string group = find_group(area.group);
    Datasets datasets = list_in(group);
    const Dataset now = require_area(datasets, area);
    const Dataset* other = find_dataset(datasets, note);
    if (!other)
        fail(fmt::format("there is no dataset '{}/{}' any more", group, note.name));
    const std::string away =
        last_of_dataset(other->name) == note.name ? other_name_of(note.name) : note.name;
    // Until all is done, the host's boot mounts neither.
    set(now.name,
        {assign("canmount", "noauto"), assign(kCanmountProperty, canmount_of(now)),
         assign(kMarkProperty, note.uuid)},
        note);
    rename(now, away, note);
    rename(*other, area.name, note);
    promote(group, area, note);
    datasets = list_in(group);
    show(require_area(datasets, area), area.target, note);
}

bool ZfsDatasets::settle(const AreaVolume& area, const VolumeNote& note) const {
    const std::string group = find_group(area.group);
    Datasets datasets = list_in(group);
    if (!find_area(datasets, area)) {
        const Dataset* former = find_one(datasets, [&](const Dataset& one) {
            return one.guid == area.id && is_of_note(one, note);
        });
        if (!former)
            fail(fmt::format("there is no dataset '{}' any more", area.name));
        rename(*former, area.name, note);
        datasets = list_in(group);
    }
    const Dataset& now = require_area(datasets, area);
    try {
        promote(group, area, note);
    } catch (const Error&) {
        // It is whole all the same; what it has grown from is kept for it.
    }
    show(now, area.target, note);
    return now.guid != area.id;
}

std::string ZfsDatasets::source_of(const AreaVolume& area) const {
    return require_area(list_in(find_group(area.group)), area).name;
}

// One that is being looked at stays, and is in the way as any other mount.
void ZfsDatasets::dismount_own(const AreaVolume& area) const {
    for (const MountEntry& mount : read_mounts())
        if (is_automount(mount) && mount.target.starts_with(area.target + "/"))
            (void)umount2(mount.target.c_str(), UMOUNT_NOFOLLOW);
}

// What is set on the dataset holds again by itself.
void ZfsDatasets::mount_area(const AreaVolume& area) const {
    AreaVolume now = area;
    now.options = options_of_mount(area.options);
    if (look_up("mountpoint", source_of(area)) != "legacy")
        now.options += ",zfsutil";
    VolumeManager::mount_area(now);
}

void ZfsDatasets::mount_snapshot(const VolumeNote& note, const std::string& target) const {
    const std::string snapshot = require_snapshot(note, note.lock);
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

void ZfsDatasets::remove(const VolumeNote& note) const {
    const std::string group = find_group(note.group);
    if (const std::string snapshot = find_snapshot(group, note); !snapshot.empty())
        run({"destroy", "-d", snapshot}, note.lock);
    const Datasets datasets = list_in(group);
    if (const Dataset* dataset = find_dataset(datasets, note)) {
        if (list_snapshots_of(dataset->name).empty())
            run({"destroy", dataset->name}, note.lock);
        else
            keep(dataset->name, note, note.lock);
    }
    remove_unneeded(group, note);
}

}  // namespace vps

#include "manage/cut_switch.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "config/config_edit.hh"
#include "manage/config_file.hh"
#include "manage/name_link.hh"
#include "quota/project_tree.hh"
#include "snapshot/copy_area.hh"
#include "state/lease.hh"
#include "sys/directory.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr std::size_t kLargest = 16 << 20;

using Tell = std::function<void(const std::string& line)>;

bool is_there(const std::string& path) {
    return access(path.c_str(), F_OK) == 0;
}

// Not where somebody has changed the configuration since.
void finish_config(Veid veid, const SwitchPlace& cut, const std::string& before) {
    if (!is_there(cut.next_config()))
        return;
    const std::string next = sys::read_file(cut.next_config(), kLargest);
    const std::string now = ConfigFileEdit(config_path(veid)).text();
    if (now != before && now != next)
        return;
    replace_config(veid, next);
    link_name(veid, first_value_of(next, "NAME"), first_value_of(before, "NAME"));
}

// What has been done of the end already stays done. The former area, which is at that place now, is
// where the list says it is before the list says so.
void finish(Veid veid, SnapshotStore& store, const SwitchPlace& cut, const std::string& at,
            const Tell& tell) {
    const SnapshotList next = parse_snapshot_list(sys::read_file(cut.next_list(), kLargest));
    const std::string kept = store.place_of(cut.uuid());
    stop_counting(veid, at + "/tree");
    protect_copy(at + "/tree");
    finish_config(veid, cut, sys::read_file(at + "/config", kLargest));
    if (at != kept && rename(at.c_str(), kept.c_str()) < 0)
        throw SysError(errno, "rename", at);
    sync_file_system(store.directory());
    store.write(next);
    tell(
        fmt::format("A switch to snapshot {} was cut off, and is finished: the files and "
                    "the configuration that were before it are snapshot {}",
                    next.current, cut.uuid()));
}

void end_cut_switch(Veid veid, const std::string& area, SnapshotStore& store, const Tell& tell) {
    const ErrorContext context{
        fmt::format("a switch was cut off; look at the private area, and if it is right, remove "
                    "'{}', which tells of the switch",
                    store.place_to_switch())};
    const SwitchPlace cut =
        within(context, [&] { return SwitchPlace::find(store.place_to_switch()); });
    const std::string kept = store.place_of(cut.uuid());
    const std::string at = is_there(kept) ? kept : cut.place();
    const bool took_place =
        within(context, [&] { return settle_area(area, at, sys::read_file(cut.area_identity())); });
    if (took_place)
        finish(veid, store, cut, at, tell);
    else
        tell("A switch to a snapshot was cut off before it took place");
    store.end_switch();
}

}  // namespace

SwitchPlace::SwitchPlace(std::string path, std::string uuid)
    : path_(std::move(path)), uuid_(std::move(uuid)) {}

SwitchPlace SwitchPlace::find(const std::string& path) {
    const SwitchPlace any(path, {});
    const SnapshotList next = parse_snapshot_list(sys::read_file(any.next_list(), kLargest));
    if (next.snapshots.empty())
        throw Error(ExitCode::System, fmt::format("'{}' names no snapshot", any.next_list()));
    return {path, next.snapshots.back().uuid};
}

std::string SwitchPlace::place() const {
    return fmt::format("{}/{}", path_, without_braces(uuid_));
}

void replace_config(Veid veid, const std::string& text) {
    const ConfigFileEdit file(config_path(veid));
    file.write(text);
    const std::string name = first_value_of(text, "NAME");
    const std::string former = first_value_of(file.text(), "NAME");
    if (name != former)
        link_name(veid, name, former);
}

void stop_counting(Veid veid, const std::string& tree) {
    if (is_there(tree) &&
        inherited_project(sys::open(tree, O_RDONLY | O_DIRECTORY)) == veid.value())
        (void)mark_tree(tree, 0, [](std::uint64_t) {});
}

SnapshotStore open_snapshots(const Call& call, const SnapshotArea& subject,
                             SnapshotStore::Create create) {
    SnapshotStore store(subject.area, create);
    if (is_there(store.place_to_switch())) {
        end_cut_switch(call.veid, subject.area, store,
                       [&](const std::string& line) { call.talk.warn(line); });
        store.sweep();
    }
    return store;
}

bool end_switch_before_start(Veid veid, const std::string& ve_private, const Log& log) {
    restore_mount_point(ve_private);
    if (!is_there(ve_private))
        return false;
    const std::string area = sys::realpath(ve_private);
    if (!is_there(place_to_switch_of(area)))
        return false;
    const Lease lease = take_lease(veid, area);
    try {
        SnapshotStore store(area, SnapshotStore::Create::No);
        end_cut_switch(veid, area, store,
                       [&](const std::string& line) { log.say(Level::Notice, line); });
    } catch (const Error& error) {
        if (error.code() == ExitCode::Locked)
            return false;
        log.say(Level::Warning, error.what());
    }
    return true;
}

}  // namespace vps

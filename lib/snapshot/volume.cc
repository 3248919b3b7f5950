#include "snapshot/volume.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <utility>

#include "snapshot/manager_program.hh"
#include "snapshot/thin_volume.hh"
#include "snapshot/zfs_datasets.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr const char *kNote = "volume", *kFreshNote = "volume.new";
constexpr std::string_view kManager = "manager";  // the first key of either text

const std::array<const VolumeManager*, 2>& managers() {
    static const ThinVolumes thin;
    static const ZfsDatasets zfs;
    static const std::array<const VolumeManager*, 2> all{&thin, &zfs};
    return all;
}

[[noreturn]] void fail(const std::string& why) {
    throw Error(ExitCode::System, why);
}

// A line "key=value" for each.
struct Field {
    std::string_view key;
    std::string* value;
};

std::array<Field, 8> fields_of(AreaVolume& area) {
    return {{{kManager, &area.manager},
             {"group", &area.group},
             {"id", &area.id},
             {"name", &area.name},
             {"target", &area.target},
             {"type", &area.type},
             {"options", &area.options},
             {"propagation", &area.propagation}}};
}

std::array<Field, 5> fields_of(VolumeNote& note) {
    return {{{kManager, &note.manager},
             {"group", &note.group},
             {"uuid", &note.uuid},
             {"name", &note.name},
             {"type", &note.type}}};
}

template <typename Fields>
std::string write_fields(const Fields& fields) {
    std::string text;
    for (const auto& field : fields) {
        if (field.value->find('\n') != std::string::npos)
            fail(fmt::format("the {} '{}' has a line's end in it", field.key, *field.value));
        text += fmt::format("{}={}\n", field.key, *field.value);
    }
    return text;
}

template <typename Fields>
void read_fields(const std::string& text, const Fields& fields) {
    std::istringstream lines(text);
    for (const auto& field : fields) {
        std::string line;
        const std::string start = fmt::format("{}=", field.key);
        if (!std::getline(lines, line) || !line.starts_with(start))
            fail(fmt::format("there is no {} in it", field.key));
        *field.value = line.substr(start.size());
    }
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

void lock(const Fd& file, const std::string& path) {
    while (flock(file.get(), LOCK_EX) < 0)
        if (errno != EINTR)
            throw SysError(errno, "lock", path);
}

// For mount(8): what holds of the mount and what of the file system, without what is in both.
std::string options_of(const MountEntry& mount) {
    std::vector<std::string> words;
    for (const std::string* some : {&mount.attributes, &mount.options}) {
        std::istringstream text(*some);
        for (std::string word; std::getline(text, word, ',');)
            if (std::find(words.begin(), words.end(), word) == words.end())
                words.push_back(word);
    }
    // Either may be read-only.
    if (std::find(words.begin(), words.end(), "ro") != words.end())
        std::erase(words, "rw");
    std::string options;
    for (const std::string& word : words)
        options.append(options.empty() ? "" : ",").append(word);
    return options;
}

[[noreturn]] void refuse(const std::string& area, const MountEntry& mount) {
    fail(
        fmt::format("'{}' is a mount point of {} on '{}', which has no snapshots: mount that "
                    "elsewhere and move the area into a directory of btrfs or xfs, or have the "
                    "area on a thin volume of LVM or as a dataset of zfs",
                    area, mount.type, mount.source));
}

}  // namespace

void VolumeManager::dismount_own(const AreaVolume& /*area*/) const {}

void VolumeManager::mount_area(const AreaVolume& area) const {
    static const ManagerProgram kMount{.name = "mount", .package = "mount"};
    (void)run_manager(kMount, {"-t", area.type, "-o", area.options, source_of(area), area.target});
    if (area.propagation == kPrivate)
        make_private(area.target);
    else
        make_shared(area.target);
}

const VolumeManager& manager_called(std::string_view name) {
    for (const VolumeManager* manager : managers())
        if (manager->name() == name)
            return *manager;
    fail(fmt::format("nothing is known of volumes of '{}'", name));
}

AreaVolume find_area_volume(const std::string& area) {
    const auto mount = find_mount(sys::open(area, O_PATH | O_DIRECTORY));
    if (!mount || mount->target != area)
        fail(fmt::format("the mount of '{}' is not to be seen", area));
    if (mount->root != "/")
        refuse(area, *mount);
    for (const VolumeManager* manager : managers())
        if (std::optional<AreaVolume> volume = manager->find(*mount)) {
            volume->target = area;
            volume->type = mount->type;
            volume->options = options_of(*mount);
            volume->propagation = mount->peer_group == 0 ? kPrivate : kShared;
            return std::move(*volume);
        }
    refuse(area, *mount);
}

std::string format_area_volume(const AreaVolume& area) {
    AreaVolume copy = area;
    return write_fields(fields_of(copy));
}

std::optional<AreaVolume> parse_area_volume(const std::string& text) {
    if (!text.starts_with(fmt::format("{}=", kManager)))
        return std::nullopt;
    AreaVolume area;
    read_fields(text, fields_of(area));
    return area;
}

VolumeNote write_note(const std::string& place, const AreaVolume& area, const std::string& label) {
    const std::string uuid = name_of(place);
    VolumeNote note{.manager = area.manager,
                    .group = area.group,
                    .uuid = uuid,
                    .name = fmt::format("{}-{}", label, uuid),
                    .type = area.type};
    const std::string fresh = fmt::format("{}/{}", place, kFreshNote);
    note.lock = sys::open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    lock(note.lock, fresh);
    sys::write_all(note.lock, write_fields(fields_of(note)), fresh);
    if (fsync(note.lock.get()) < 0)
        throw SysError(errno, "write to disk", fresh);
    if (rename(fresh.c_str(), fmt::format("{}/{}", place, kNote).c_str()) < 0)
        throw SysError(errno, "rename", fresh);
    sys::sync_directory(place);
    sys::sync_directory(place.substr(0, place.rfind('/')));
    return note;
}

std::optional<VolumeNote> open_note(const std::string& place, NoteLock locking) {
    const std::string path = fmt::format("{}/{}", place, kNote);
    Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file && (errno == ENOENT || errno == ENOTDIR))
        return std::nullopt;
    if (!file)
        throw SysError(errno, "open", path);
    if (locking == NoteLock::Yes)
        lock(file, path);
    VolumeNote note;
    within({fmt::format("'{}'", path)},
           [&] { read_fields(sys::read_all(file, path), fields_of(note)); });
    if (locking == NoteLock::Yes)
        note.lock = std::move(file);
    return note;
}

VolumeNote require_note(const std::string& place) {
    std::optional<VolumeNote> note = open_note(place);
    if (!note)
        fail(
            fmt::format("in '{}' is no volume, but files of the time before the private area was "
                        "one",
                        place));
    return std::move(*note);
}

void remove_volume_of(const std::string& place) {
    if (const std::optional<VolumeNote> note = open_note(place))
        within({fmt::format("remove the volume of '{}'", place)},
               [&] { manager_called(note->manager).remove(*note); });
}

}  // namespace vps

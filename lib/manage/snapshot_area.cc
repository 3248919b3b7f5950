#include "manage/snapshot_area.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "manage/config_file.hh"
#include "ploop/disk_image.hh"
#include "ploop/loop_device.hh"
#include "sys/directory.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

bool is_there(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0;
}

// A bind mount of the tree shows its directory of the file system.
std::vector<SnapshotMount> find_binds(const std::string& tree) {
    const std::vector<MountEntry> mounts = read_mounts();
    const auto own = find_mount(sys::open(tree, O_PATH | O_DIRECTORY));
    std::vector<SnapshotMount> found;
    if (!own)
        return found;
    const std::string above = own->target == "/" ? "" : own->target;
    const std::string root =
        (own->root == "/" ? "" : own->root) + tree.substr(std::min(above.size(), tree.size()));
    for (const MountEntry& mount : mounts)
        if (mount.device == own->device && mount.root == root)
            found.push_back({mount.target, mount.source});
    return found;
}

// The devices that device mapper has made of this one: "253:0".
std::vector<std::string> holders_of(const std::string& loop) {
    std::vector<std::string> numbers;
    Directory holders(fmt::format("/sys/block/{}/holders", loop.substr(loop.rfind('/') + 1)));
    while (const dirent* entry = holders.next())
        if (const std::string name = entry->d_name; name != "." && name != "..")
            numbers.push_back(sys::read_line(fmt::format("/sys/block/{}/dev", name)));
    return numbers;
}

std::vector<SnapshotMount> find_mounts_of_image(const std::string& image) {
    std::vector<SnapshotMount> found;
    const std::vector<MountEntry> mounts = read_mounts();
    for (const std::string& loop : find_loops_of(sys::open(image, O_RDONLY)))
        for (const std::string& number : holders_of(loop))
            for (const MountEntry& mount : mounts)
                if (mount.device == number)
                    found.push_back({mount.target, mount.source});
    return found;
}

}  // namespace

SnapshotArea find_snapshot_area(Veid veid) {
    SnapshotArea found{.config = load_vps_config(veid), .area = {}};
    if (!found.config.ve_private)
        throw Complaint(ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    try {
        restore_mount_point(*found.config.ve_private);
        found.area = sys::realpath(*found.config.ve_private);
    } catch (const SysError& error) {
        throw Error(ExitCode::NoPrivateArea, error.what());
    }
    const Fd area = sys::open(found.area, O_PATH | O_DIRECTORY);
    found.kind = find_area_kind(found.config, find_disk_maker(area), found.area);
    return found;
}

void restore_mount_point(const std::string& area) {
    if (!is_there(area) && is_there(place_to_switch_of(area)))
        sys::mkdir_all(area, 0755);
}

std::string make_uuid() {
    return fmt::format("{{{}}}", sys::read_line("/proc/sys/kernel/random/uuid"));
}

std::string date_now() {
    const time_t now = time(nullptr);
    tm local{};
    std::array<char, 32> text{};
    (void)strftime(text.data(), text.size(), "%F %T", localtime_r(&now, &local));
    return text.data();
}

void sync_file_system(const std::string& directory) {
    const Fd fd = sys::open(directory, O_RDONLY | O_DIRECTORY);
    if (syncfs(fd.get()) < 0)
        throw SysError(errno, "write to disk", directory);
}

void save_config(Veid veid, const std::string& path) {
    const std::string text = ConfigFileEdit(config_path(veid)).text();
    const Fd file = sys::open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    sys::write_all(file, text, path);
}

std::string given_value(const Call& call, std::string_view option) {
    std::string value;
    for (const GivenOption& given : call.given.options)
        if (given.name == option)
            value = given.value;
    return value;
}

std::optional<std::string> given_uuid(const Call& call) {
    if (!call.given.has("id") && !call.given.has("uuid"))
        return std::nullopt;
    const std::string word = given_value(call, call.given.has("id") ? "id" : "uuid");
    const std::optional<std::string> uuid = parse_uuid(word);
    if (!uuid)
        throw Complaint(ExitCode::BadValue, fmt::format("Invalid guid is specified: {}", word));
    return uuid;
}

std::string require_uuid(const Call& call) {
    const std::optional<std::string> uuid = given_uuid(call);
    if (!uuid)
        throw Complaint(ExitCode::Usage, "Invalid syntax: snapshot id is missing");
    return *uuid;
}

void require_snapshot(const SnapshotList& list, const std::string& uuid, ExitCode code) {
    if (!list.find(uuid))
        throw Complaint(code, fmt::format("Unable to find snapshot by uuid {}", uuid));
}

std::vector<SnapshotMount> find_snapshot_mounts(const std::string& place, AreaKind kind) {
    if (const std::optional<VolumeNote> note = open_note(place, NoteLock::No))
        return manager_called(note->manager).find_mounts(*note);
    const std::string tree = place + "/tree";
    if (!is_there(tree))
        return {};
    if (kind == AreaKind::Files)
        return find_binds(tree);
    const std::string image = find_top_image(tree);
    return image.empty() ? std::vector<SnapshotMount>() : find_mounts_of_image(image);
}

std::unique_ptr<AreaCopier> find_copier(Veid veid, const SnapshotArea& subject,
                                        const SnapshotStore& store) {
    if (subject.kind == AreaKind::Disk && is_mount_point(subject.area))
        throw Error(ExitCode::System,
                    fmt::format("'{}' is a mount point, and of a disk image in one there are no "
                                "snapshots: move the image into a directory of btrfs or xfs",
                                subject.area));
    return find_area_copier(veid, subject.area, store.directory());
}

}  // namespace vps

#include "state/whole_way.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "sys/error.hh"

namespace vps {

namespace {

// The directories from the root of `whole` to that of `part`, which is left out; nothing where
// these paths lead elsewhere, because something is mounted over them.
std::optional<std::vector<DirectoryId>> find_between(const MountEntry& whole,
                                                     const MountEntry& part) {
    const std::string target = whole.target == "/" ? "" : whole.target;
    const std::string rest = part.root.substr(whole.root == "/" ? 0 : whole.root.size());
    if (find_directory_id(target + rest) != find_directory_id(part.target))
        return std::nullopt;
    std::vector<DirectoryId> way;
    for (std::size_t end = 0; end != rest.npos; end = rest.find('/', end + 1)) {
        const std::string path = target + rest.substr(0, end);
        if (const auto id = find_directory_id(path.empty() ? "/" : path))
            way.push_back(*id);
    }
    return way;
}

}  // namespace

std::vector<DirectoryId> find_way_above_mount(const std::vector<MountEntry>& mounts, int id) {
    const auto part = std::find_if(mounts.begin(), mounts.end(),
                                   [&](const MountEntry& mount) { return mount.id == id; });
    std::vector<DirectoryId> way;
    if (part == mounts.end() || part->root == "/")
        return way;
    for (const MountEntry& whole : mounts) {
        if (whole.device != part->device || whole.root == part->root ||
            !is_at_or_below(part->root, whole.root))
            continue;
        if (auto found = find_between(whole, *part); found && found->size() > way.size())
            way = std::move(*found);
    }
    return way;
}

std::vector<DirectoryId> find_way_above_mount(const std::string& path) {
    struct statx status {};
    if (statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0)
        throw SysError(errno, "look at", path);
    return find_way_above_mount(read_mounts(), static_cast<int>(status.stx_mnt_id));
}

}  // namespace vps

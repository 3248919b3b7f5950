#include "state/whole_way.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <optional>

#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// A mount, and which directory of its file system it shows.
struct Shown {
    std::uint64_t id = 0;
    std::string_view device;
    std::string root, target;
};

std::string_view take_field(std::string_view& line) {
    const std::string_view field = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), field.size() + 1));
    return field;
}

// id parent major:minor root target …
Shown parse(std::string_view line) {
    Shown shown;
    const std::string_view id = take_field(line);
    (void)std::from_chars(id.data(), id.data() + id.size(), shown.id);
    (void)take_field(line);
    shown.device = take_field(line);
    shown.root = unescape_mountinfo(take_field(line));
    shown.target = unescape_mountinfo(take_field(line));
    return shown;
}

template <typename Function>
void for_each_mount(std::string_view mountinfo, Function function) {
    while (!mountinfo.empty()) {
        const std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
        mountinfo.remove_prefix(std::min(mountinfo.size(), line.size() + 1));
        if (!line.empty())
            function(parse(line));
    }
}

std::optional<DirectoryId> look_at(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) < 0)
        return std::nullopt;
    return DirectoryId{status.st_dev, status.st_ino};
}

// The directories from the root of `whole` to that of `part`, which is left out; nothing where
// these paths lead elsewhere, because something is mounted over them.
std::optional<std::vector<DirectoryId>> find_between(const Shown& whole, const Shown& part) {
    const std::string target = whole.target == "/" ? "" : whole.target;
    const std::string rest = part.root.substr(whole.root == "/" ? 0 : whole.root.size());
    if (look_at(target + rest) != look_at(part.target))
        return std::nullopt;
    std::vector<DirectoryId> way;
    for (std::size_t end = 0; end != rest.npos; end = rest.find('/', end + 1)) {
        const std::string path = target + rest.substr(0, end);
        if (const auto id = look_at(path.empty() ? "/" : path))
            way.push_back(*id);
    }
    return way;
}

}  // namespace

std::vector<DirectoryId> find_way_above_mount(std::string_view mountinfo, std::uint64_t mount) {
    Shown part;
    for_each_mount(mountinfo, [&](const Shown& shown) {
        if (shown.id == mount)
            part = shown;
    });
    std::vector<DirectoryId> way;
    if (part.root.empty() || part.root == "/")
        return way;
    for_each_mount(mountinfo, [&](const Shown& shown) {
        if (shown.device != part.device || shown.root == part.root ||
            !is_at_or_below(part.root, shown.root))
            return;
        if (auto found = find_between(shown, part); found && found->size() > way.size())
            way = std::move(*found);
    });
    return way;
}

std::vector<DirectoryId> find_way_above_mount(const std::string& path) {
    struct statx status {};
    if (statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0)
        throw SysError(errno, "look at", path);
    return find_way_above_mount(sys::read_file("/proc/self/mountinfo", 256 << 20),
                                status.stx_mnt_id);
}

}  // namespace vps

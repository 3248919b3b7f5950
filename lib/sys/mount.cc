#include "sys/mount.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "sys/error.hh"
#include "sys/holders.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr ExitCode kCannotMount = ExitCode::CannotMount;
constexpr std::string_view kShared = "shared:";  // of a peer group, in mountinfo

int to_int(std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void set_propagation(const std::string& target, std::uint64_t propagation, unsigned flags) {
    mount_attr attributes{};
    attributes.propagation = propagation;
    if (mount_setattr(AT_FDCWD, target.c_str(), flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                      &attributes, sizeof attributes) < 0)
        throw SysError(errno, "set propagation of", target, kCannotMount);
}

// The mounts without the ones that another mount at the same place hides, and without the mounts on
// these: no path leads there.
std::vector<MountEntry> without_hidden(const std::vector<MountEntry>& mounts) {
    std::map<int, std::string> covered;  // by id: its target
    for (const MountEntry& mount : mounts)
        for (const MountEntry& upper : mounts)
            if (upper.parent == mount.id && upper.target == mount.target)
                covered.emplace(mount.id, mount.target);
    std::set<int> hidden;
    std::vector<MountEntry> visible;
    for (const MountEntry& mount : mounts) {
        const auto parent = covered.find(mount.parent);
        const bool on_covered = parent != covered.end() && parent->second != mount.target;
        if (on_covered || hidden.contains(mount.parent))
            hidden.insert(mount.id);
        else if (!covered.contains(mount.id))
            visible.push_back(mount);
    }
    return visible;
}

// The mounts at and below `root` that a path leads to. A mount that is a peer of one elsewhere
// becomes a slave of it first: it receives later mounts from there, and gives nothing back.
std::vector<MountEntry> leave_foreign_groups(const std::string& root) {
    const std::vector<MountEntry> all = read_mounts();
    const std::vector<MountEntry> own = mounts_at_or_below(all, root);
    std::set<int> own_ids, foreign_groups;
    for (const MountEntry& mount : own)
        own_ids.insert(mount.id);
    for (const MountEntry& mount : all)
        if (!own_ids.contains(mount.id))
            foreign_groups.insert(mount.peer_group);
    foreign_groups.erase(0);
    std::vector<MountEntry> visible = without_hidden(own);
    for (const MountEntry& mount : visible)
        if (foreign_groups.contains(mount.peer_group))
            set_propagation(mount.target, MS_SLAVE, 0);
    return visible;
}

}  // namespace

std::string unescape_mountinfo(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int code = 0;
        if (text[i] == '\\' && i + 3 < text.size() &&
            std::from_chars(&text[i + 1], &text[i + 4], code, 8).ptr == &text[i + 4]) {
            plain += static_cast<char>(code);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
    std::vector<MountEntry> mounts;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::vector<std::string_view> fields;
        for (std::size_t field = at; field < end;) {
            const std::size_t blank = std::min(text.find(' ', field), end);
            fields.push_back(text.substr(field, blank - field));
            field = blank + 1;
        }
        at = end + 1;
        // id parent major:minor root target options [tags…] - type source superoptions
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (dash - fields.begin() < 6 || fields.end() - dash < 3)
            continue;
        int peer_group = 0;
        bool is_slave = false;
        for (auto tag = fields.begin() + 6; tag != dash; ++tag) {
            if (tag->starts_with(kShared))
                peer_group = to_int(tag->substr(kShared.size()));
            is_slave |= tag->starts_with("master:");
        }
        mounts.push_back({to_int(fields[0]), to_int(fields[1]), unescape_mountinfo(fields[4]),
                          std::string(dash[1]), unescape_mountinfo(dash[2]), std::string(fields[2]),
                          peer_group, unescape_mountinfo(fields[3]), is_slave,
                          unescape_mountinfo(fields[5]),
                          fields.end() - dash > 3 ? unescape_mountinfo(dash[3]) : std::string()});
    }
    return mounts;
}

std::vector<MountEntry> read_mounts(const std::string& pid) {
    return parse_mountinfo(sys::read_file("/proc/" + pid + "/mountinfo", 256 << 20));
}

bool is_mount_point(const std::string& dir) {
    struct statx status {};
    if (statx(AT_FDCWD, dir.c_str(), AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0)
        throw SysError(errno, "look at", dir);
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

std::optional<MountEntry> find_mount(FdRef file) {
    struct statx status {};
    // Its file system is not asked: a server may not answer.
    if (statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) < 0)
        return std::nullopt;
    for (MountEntry& mount : read_mounts())
        if (static_cast<std::uint64_t>(mount.id) == status.stx_mnt_id)
            return std::move(mount);
    return std::nullopt;
}

std::vector<MountEntry> mounts_at_or_below(const std::vector<MountEntry>& all,
                                           const std::string& root) {
    std::vector<MountEntry> found;
    std::set<int> ids;
    // A mount comes after the one it is on, except where trees were moved; so the search goes on
    // until it finds none.
    for (bool again = true; again;) {
        again = false;
        for (const MountEntry& mount : all)
            if (!ids.contains(mount.id) && (mount.target == root || ids.contains(mount.parent))) {
                ids.insert(mount.id);
                found.push_back(mount);
                again = true;
            }
    }
    return found;
}

DetachedMount DetachedMount::copy_of(const std::string& source) {
    // An autofs is copied as it is, not as what it would mount.
    Fd tree(
        open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT));
    if (!tree)
        throw SysError(errno, "bind", source, kCannotMount);
    return {std::move(tree), source};
}

void DetachedMount::set_attributes(std::uint64_t set, std::uint64_t clear) const {
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    if (mount_setattr(tree_.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        throw SysError(errno, "set mount options of", source_, kCannotMount);
}

void DetachedMount::make_private() const {
    mount_attr attributes{};
    attributes.propagation = MS_PRIVATE;
    if (mount_setattr(tree_.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        throw SysError(errno, "set propagation of", source_, kCannotMount);
}

DetachedMount DetachedMount::copy_of_tree(const std::string& source) {
    Fd tree(
        open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (!tree)
        throw SysError(errno, "bind", source, kCannotMount);
    return {std::move(tree), source};
}

void DetachedMount::make_slave() const {
    mount_attr attributes{};
    attributes.propagation = MS_SLAVE;
    if (mount_setattr(tree_.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                      sizeof attributes) < 0)
        throw SysError(errno, "set propagation of", source_, kCannotMount);
}

bool DetachedMount::map_ids(FdRef user_namespace) const {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(user_namespace.get());
    if (mount_setattr(tree_.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                      sizeof attributes) == 0)
        return true;
    // EPERM: idmapped already
    if (errno != EINVAL && errno != EOPNOTSUPP && errno != EPERM)
        throw SysError(errno, "map the user ids of", source_, kCannotMount);
    return false;
}

void DetachedMount::attach(const std::string& target) const {
    if (move_mount(tree_.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0)
        throw SysError(errno, fmt::format("mount '{}' on", source_), target, kCannotMount);
}

MountGuard::~MountGuard() {
    // A mount that somebody else has dismounted needs nothing more.
    if (!target_.empty())
        (void)umount2(target_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

MountGuard bind_mount(const BindSpec& spec) {
    std::string target = spec.target;
    const DetachedMount tree = DetachedMount::copy_of(spec.source);
    if (spec.set != 0 || spec.clear != 0)
        tree.set_attributes(spec.set, spec.clear);
    if (spec.user_namespace.get() >= 0)
        (void)tree.map_ids(spec.user_namespace);
    tree.make_private();
    tree.attach(target);
    return MountGuard(std::move(target));
}

void make_private(const std::string& target) {
    set_propagation(target, MS_PRIVATE, 0);
}

void make_tree_private(const std::string& target) {
    set_propagation(target, MS_PRIVATE, AT_RECURSIVE);
}

void make_shared(const std::string& target) {
    set_propagation(target, MS_SHARED, 0);
}

void make_receiving(const std::string& root) {
    (void)leave_foreign_groups(root);
    set_propagation(root, MS_SHARED, AT_RECURSIVE);
}

void dismount_tree(const std::string& root, const Deadline& deadline) {
    for (;;) {
        const std::vector<MountEntry> mounts = leave_foreign_groups(root);
        if (mounts.empty())
            return;
        std::string busy;
        int error = 0;
        bool progress = false;
        for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) {
            if (umount2(mount->target.c_str(), UMOUNT_NOFOLLOW) == 0) {
                progress = true;
                continue;
            }
            // A mount that went away with another (shared subtrees) needs nothing more.
            if (errno == EINVAL || errno == ENOENT)
                continue;
            // The first busy mount is the culprit: the mount below it is busy because of it.
            if (busy.empty()) {
                error = errno;
                busy = mount->target;
            }
        }
        if (progress)
            continue;
        if (busy.empty())
            throw Error(
                ExitCode::CannotDismount,
                fmt::format("dismount '{}': its mount point is gone", mounts.back().target));
        if (error != EBUSY || milliseconds_until(deadline) == 0) {
            const std::string holders = name_holders(root);
            throw Error(ExitCode::CannotDismount,
                        SysError(error, "dismount", busy).what() +
                            (holders.empty() ? std::string() : ", held by " + holders));
        }
        (void)poll(nullptr, 0, 50);
    }
}

void detach_tree(const std::string& root) {
    // Each mount takes the mounts on it along; several may be stacked at the same place.
    while (!leave_foreign_groups(root).empty())
        if (umount2(root.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
            throw SysError(errno, "detach", root, ExitCode::CannotDismount);
}

}  // namespace vps

#include "life/stray_mount.hh"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <queue>
#include <string_view>
#include <utility>

#include "life/held_open.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

// The search ends here: a mount point is seldom deeper, and the tree is as large as its owner made
// it.
constexpr std::size_t kMostEntries = 2'000'000;

bool is_path_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '-' ||
           c == '.';
}

// Whether a script names this path, as a whole or after another: "mnt/data" in $VE_ROOT/mnt/data.
bool is_named(const std::string& scripts, std::string_view path, bool as_a_whole) {
    for (std::size_t at = scripts.find(path); at != std::string::npos;
         at = scripts.find(path, at + 1)) {
        const std::size_t end = at + path.size();
        const bool ends = end == scripts.size() || !is_path_character(scripts[end]);
        if (ends && (!as_a_whole || at == 0 || !is_path_character(scripts[at - 1])))
            return true;
    }
    return false;
}

// The scripts without quotes and braces: "${VE_ROOT}"/a becomes $VE_ROOT/a.
std::string plain_text_of(const std::vector<std::string>& scripts) {
    std::string plain;
    for (const std::string& text : scripts)
        std::copy_if(text.begin(), text.end(), std::back_inserter(plain),
                     [](char c) { return c != '{' && c != '}' && c != '"' && c != '\''; });
    return plain;
}

// The path of the host that `link` leads to; empty if there is none.
std::string resolve(const std::string& link) {
    char* const resolved = realpath(link.c_str(), nullptr);
    if (!resolved)
        return {};
    std::string path = resolved;
    std::free(resolved);
    return path;
}

// The name below `root` by which `target` was reached through `link`, which leads to `place`; empty
// if it was not, or if the scripts do not say so: they may have meant the host's own path.
std::string name_by(const std::string& link, const std::string& place, const std::string& target,
                    const std::string& root, const std::string& scripts) {
    const bool exact = place == target;
    const std::string prefix = place == "/" ? place : place + "/";
    if (!exact && !target.starts_with(prefix))
        return {};
    const std::string name = exact ? link : link + "/" + target.substr(prefix.size());
    const std::string below_root = link.substr(root.size());
    const bool meant = is_named(scripts, std::string_view(name).substr(root.size() + 1), false) ||
                       (exact ? !is_named(scripts, target, true)
                              : scripts.find("VE_ROOT" + below_root + "/") != std::string::npos);
    return meant ? name : std::string();
}

// The mounts that were made since, below `root` and elsewhere.
struct NewMounts {
    std::vector<MountEntry> all, inside, outside;
};

// Below `root`, where a server that may not answer has the files: no search goes there.
std::set<std::string> find_served(const std::vector<MountEntry>& all, const std::string& root) {
    std::set<std::string> targets;
    for (const MountEntry& mount : all)
        if (is_served(mount.type) && mount.target.starts_with(root + "/"))
            targets.insert(mount.target);
    return targets;
}

// Searches level by level, since mount points are near the root.
std::optional<StrayMount> search(const NewMounts& mounts, const std::string& root,
                                 const std::string& scripts) {
    if (mounts.outside.empty())
        return std::nullopt;
    const std::set<std::string> served = find_served(mounts.all, root);
    std::queue<fs::path> dirs;
    dirs.push(root);
    for (std::size_t entries = 0; !dirs.empty() && entries < kMostEntries; dirs.pop()) {
        std::error_code error;  // a directory that cannot be read was no way for a script either
        for (fs::directory_iterator at(dirs.front(), error), end; !error && at != end;
             at.increment(error)) {
            ++entries;
            if (served.contains(at->path().string()))
                continue;
            std::error_code unknown;
            const fs::file_status status = at->symlink_status(unknown);
            if (fs::is_directory(status)) {
                dirs.push(at->path());
                continue;
            }
            if (!fs::is_symlink(status))
                continue;
            const std::string link = at->path().string();
            const std::string place = resolve(link);
            if (place.empty() || place == root || place.starts_with(root + "/"))
                continue;
            for (const MountEntry& mount : mounts.outside)
                if (std::string name = name_by(link, place, mount.target, root, scripts);
                    !name.empty())
                    return StrayMount{mount.id, mount.target, std::move(name)};
        }
    }
    return std::nullopt;
}

std::set<int> ids_of(const std::vector<MountEntry>& mounts) {
    std::set<int> ids;
    for (const MountEntry& mount : mounts)
        ids.insert(mount.id);
    return ids;
}

NewMounts find_new_mounts(const std::set<int>& before, const std::string& root) {
    NewMounts mounts{read_mounts(), {}, {}};
    const std::set<int> own = ids_of(mounts_at_or_below(mounts.all, root));
    for (const MountEntry& mount : mounts.all)
        if (!before.contains(mount.id))
            (own.contains(mount.id) ? mounts.inside : mounts.outside).push_back(mount);
    return mounts;
}

// Whether the mount that this path shows is one of `ids`.
bool shows_one_of(const std::string& path, const std::set<int>& ids) {
    const Fd place(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    const std::optional<MountEntry> shown = place ? find_mount(place) : std::nullopt;
    return shown && ids.contains(shown->id);
}

// Mounts below `root` of which the host got copies, and the copies: the mounts are on a bind that
// is a peer of a mount of the host's, and each is a peer of its copy there.
struct Copied {
    std::vector<MountEntry> inside, copies;
};

Copied find_copied(const NewMounts& mounts) {
    std::map<int, int> group_of;
    for (const MountEntry& mount : mounts.all)
        group_of[mount.id] = mount.peer_group;
    using Groups = std::pair<int, int>;  // of a mount and of the one it is on
    const auto groups_of = [&](const MountEntry& mount) {
        return Groups(mount.peer_group, group_of[mount.parent]);
    };
    const auto those_like = [&](const std::vector<MountEntry>& some,
                                const std::vector<MountEntry>& others) {
        std::set<Groups> groups;
        for (const MountEntry& mount : others)
            if (mount.peer_group != 0 && group_of[mount.parent] != 0)
                groups.insert(groups_of(mount));
        std::vector<MountEntry> like;
        std::copy_if(some.begin(), some.end(), std::back_inserter(like),
                     [&](const MountEntry& mount) { return groups.contains(groups_of(mount)); });
        return like;
    };
    return {those_like(mounts.inside, mounts.outside), those_like(mounts.outside, mounts.inside)};
}

// Those that are not on another of them.
std::vector<std::string> lowest_targets(const std::vector<MountEntry>& mounts) {
    const std::set<int> ids = ids_of(mounts);
    std::vector<std::string> targets;
    for (const MountEntry& mount : mounts)
        if (!ids.contains(mount.parent))
            targets.push_back(mount.target);
    return targets;
}

// With the mounts on it. It is a peer of what it is a bind of: were it one still, what is mounted
// on that would go, too.
void dismount_alone(const std::string& target, const std::set<int>& ids) {
    while (shows_one_of(target, ids)) {
        make_tree_private(target);
        if (umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
            throw SysError(errno, "dismount", target, ExitCode::CannotDismount);
    }
}

// Dismounting a mount dismounts its copies, even those that others hide, but for those that
// something is mounted on. What it shows is mounted anew, where the host gets no copy of it any
// more.
void take_back_copies(const NewMounts& mounts, const std::string& root) {
    const Copied copied = find_copied(mounts);
    std::vector<std::pair<std::string, DetachedMount>> kept;
    for (const std::string& target : lowest_targets(copied.inside))
        kept.emplace_back(target, DetachedMount::copy_of_tree(target));
    const std::set<int> inside = ids_of(copied.inside), copies = ids_of(copied.copies);
    for (const auto& [target, tree] : kept)
        dismount_alone(target, inside);
    for (const std::string& target : lowest_targets(copied.copies))
        dismount_alone(target, copies);
    if (!kept.empty())
        make_receiving(root);
    for (const auto& [target, tree] : kept)
        tree.attach(target);
}

}  // namespace

ScriptMounts::ScriptMounts(std::string root, std::vector<std::string> scripts)
    : root_(std::move(root)), scripts_(std::move(scripts)), before_(ids_of(read_mounts())) {}

ScriptMounts::~ScriptMounts() {
    try {
        (void)settle();
    } catch (const std::exception&) {
        // The failure that is under way is the one to be told.
    }
}

std::optional<StrayMount> ScriptMounts::settle() {
    if (std::exchange(settled_, true))
        return std::nullopt;
    const NewMounts made = find_new_mounts(before_, root_);
    if (made.outside.empty())
        return std::nullopt;
    take_back_copies(made, root_);
    const NewMounts left = find_new_mounts(before_, root_);
    std::optional<StrayMount> stray = search(left, root_, plain_text_of(scripts_));
    if (stray)
        dismount_alone(stray->target, {stray->id});
    return stray;
}

}  // namespace vps

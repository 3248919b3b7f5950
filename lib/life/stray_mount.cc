#include "life/stray_mount.hh"

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

NewMounts find_new_mounts(const std::set<int>& before, const std::string& root) {
    NewMounts mounts{read_mounts(), {}, {}};
    std::set<int> own;
    for (const MountEntry& mount : mounts_at_or_below(mounts.all, root))
        own.insert(mount.id);
    for (const MountEntry& mount : mounts.all)
        if (!before.contains(mount.id))
            (own.contains(mount.id) ? mounts.inside : mounts.outside).push_back(mount);
    return mounts;
}

// Whether the mount that this path shows is one of `ids`.
bool shows_one_of(const std::string& path, const std::set<int>& ids) {
    const Fd place = sys::open(path, O_PATH | O_NOFOLLOW);
    const std::optional<MountEntry> shown = find_mount(place);
    return shown && ids.contains(shown->id);
}

// Mounts below `root` of which the host got copies: they are on a bind that is a peer of a mount of
// the host's, and each is a peer of its copy there.
std::vector<MountEntry> find_copied(const NewMounts& mounts) {
    std::map<int, int> group_of;
    for (const MountEntry& mount : mounts.all)
        group_of[mount.id] = mount.peer_group;
    std::set<std::pair<int, int>> copies;  // peer groups of a mount and of the one it is on
    for (const MountEntry& mount : mounts.outside)
        if (mount.peer_group != 0 && group_of[mount.parent] != 0)
            copies.emplace(mount.peer_group, group_of[mount.parent]);
    std::vector<MountEntry> copied;
    std::copy_if(mounts.inside.begin(), mounts.inside.end(), std::back_inserter(copied),
                 [&](const MountEntry& mount) {
                     return copies.contains({mount.peer_group, group_of[mount.parent]});
                 });
    return copied;
}

// Dismounting a mount dismounts its copies, even those that others hide. What it shows is mounted
// anew, where the host gets no copy of it any more.
void take_back_copies(const NewMounts& mounts, const std::string& root) {
    const std::vector<MountEntry> copied = find_copied(mounts);
    std::set<int> ids;
    for (const MountEntry& mount : copied)
        ids.insert(mount.id);
    std::vector<std::pair<std::string, DetachedMount>> kept;
    for (const MountEntry& mount : copied)
        if (!ids.contains(mount.parent))
            kept.emplace_back(mount.target, DetachedMount::copy_of_tree(mount.target));
    for (const auto& [target, tree] : kept)
        while (shows_one_of(target, ids))
            if (umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                throw SysError(errno, "dismount", target, ExitCode::CannotDismount);
    if (!kept.empty())
        make_receiving(root);
    for (const auto& [target, tree] : kept)
        tree.attach(target);
}

std::set<int> mount_ids() {
    std::set<int> ids;
    for (const MountEntry& mount : read_mounts())
        ids.insert(mount.id);
    return ids;
}

}  // namespace

ScriptMounts::ScriptMounts(std::string root, std::vector<std::string> scripts)
    : root_(std::move(root)), scripts_(std::move(scripts)), before_(mount_ids()) {}

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
    if (stray && shows_one_of(stray->target, {stray->id}) &&
        umount2(stray->target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
        throw SysError(errno, "dismount", stray->target, ExitCode::CannotDismount);
    return stray;
}

}  // namespace vps

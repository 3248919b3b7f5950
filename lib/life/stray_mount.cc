#include "life/stray_mount.hh"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <queue>
#include <string_view>

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

// Searches level by level, since mount points are near the root.
std::optional<StrayMount> search(const std::vector<MountEntry>& outside, const std::string& root,
                                 const std::string& scripts) {
    std::queue<fs::path> dirs;
    dirs.push(root);
    for (std::size_t entries = 0; !dirs.empty() && entries < kMostEntries; dirs.pop()) {
        std::error_code error;  // a directory that cannot be read was no way for a script either
        for (fs::directory_iterator at(dirs.front(), error), end; !error && at != end;
             at.increment(error)) {
            ++entries;
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
            for (const MountEntry& mount : outside)
                if (std::string name = name_by(link, place, mount.target, root, scripts);
                    !name.empty())
                    return StrayMount{mount.id, mount.target, std::move(name)};
        }
    }
    return std::nullopt;
}

}  // namespace

std::set<int> mount_ids() {
    std::set<int> ids;
    for (const MountEntry& mount : read_mounts())
        ids.insert(mount.id);
    return ids;
}

std::optional<StrayMount> find_stray_mount(const std::set<int>& before, const std::string& root,
                                           const std::vector<std::string>& scripts) {
    const std::vector<MountEntry> all = read_mounts();
    std::vector<MountEntry> outside = all;
    const std::vector<MountEntry> own = mounts_at_or_below(all, root);
    std::erase_if(outside, [&](const MountEntry& mount) {
        return before.contains(mount.id) ||
               std::any_of(own.begin(), own.end(),
                           [&](const MountEntry& one) { return one.id == mount.id; });
    });
    if (outside.empty())
        return std::nullopt;
    return search(outside, root, plain_text_of(scripts));
}

void dismount_stray(const StrayMount& stray) {
    const Fd place = sys::open(stray.target, O_PATH | O_NOFOLLOW);
    const std::optional<MountEntry> shown = find_mount(place);
    if (!shown || shown->id != stray.id)
        return;  // somebody has dismounted or covered the mount
    if (umount2(stray.target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
        throw SysError(errno, "dismount", stray.target, ExitCode::CannotDismount);
}

}  // namespace vps

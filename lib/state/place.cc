#include "state/place.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

enum class Guarded { Whole, Itself };

// The directories that the host needs. Whole: nothing below may be a VE_ROOT, either. The
// directories that hold these are guarded with them.
struct HostPlace {
    const char* path;
    Guarded guarded;
};
constexpr HostPlace kHostPlaces[] = {
    {"/bin", Guarded::Whole},         {"/sbin", Guarded::Whole},
    {"/lib", Guarded::Whole},         {"/lib32", Guarded::Whole},
    {"/lib64", Guarded::Whole},       {"/libx32", Guarded::Whole},
    {"/usr", Guarded::Whole},         {"/etc", Guarded::Whole},
    {"/etc/vz/conf", Guarded::Whole},  // a symbolic link on some hosts
    {"/dev", Guarded::Whole},         {"/proc", Guarded::Whole},
    {"/sys", Guarded::Whole},         {"/boot", Guarded::Whole},
    {"/run/vps", Guarded::Whole},     {"/run/systemd", Guarded::Whole},
    {"/run/dbus", Guarded::Whole},    {"/var/lib/dpkg", Guarded::Whole},
    {"/var/lib/rpm", Guarded::Whole}, {"/var/lib/systemd", Guarded::Whole},
    {"/var/log", Guarded::Whole},     {"/home", Guarded::Itself},
    {"/opt", Guarded::Itself},        {"/root", Guarded::Itself},
    {"/run", Guarded::Itself},        {"/srv", Guarded::Itself},
    {"/tmp", Guarded::Itself},        {"/var", Guarded::Itself},
    {"/var/cache", Guarded::Itself},  {"/var/lib", Guarded::Itself},
    {"/var/spool", Guarded::Itself},  {"/var/tmp", Guarded::Itself},
};

// With a root of its own the path is looked up as if that were "/". A private area may be behind a
// link that only the kernel follows (/proc/self/cwd).
// Empty where there is no such file.
Fd find_place(const std::string& path, const std::string& root) {
    if (root.empty()) {
        Fd found(open(path.c_str(), O_PATH | O_CLOEXEC));
        if (!found && errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EACCES)
            throw SysError(errno, "look at", path);
        return found;
    }
    return sys::find_in_root(sys::open(root + "/", O_PATH | O_DIRECTORY), path, O_PATH);
}

// "/usr" for "/usr/local": without its last part.
std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == path.npos ? "/" : path.substr(0, slash);
}

std::string describe(const std::string& named, const Place& place) {
    return place.path() == named ? fmt::format("'{}'", named)
                                 : fmt::format("'{}', which leads to '{}',", named, place.path());
}

bool is_mounted(const Place& place, const std::string& root) {
    return root.empty() && place.exists() && is_mount_point(place.path());
}

}  // namespace

std::optional<DirectoryId> find_directory_id(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) < 0)
        return std::nullopt;
    return DirectoryId{status.st_dev, status.st_ino};
}

Place::Place(const std::string& path, const std::string& root) {
    std::string there = path;
    Fd found = find_place(there, root);
    exists_ = static_cast<bool>(found);
    while (!found && there != "/")
        found = find_place(there = parent_of(there), root);
    std::string whole = sys::readlink(fmt::format("/proc/self/fd/{}", found.get()));
    const std::string missing = exists_ ? "" : path.substr(there == "/" ? 0 : there.size());
    const std::size_t above = root.empty() ? 0 : sys::realpath(root).size();
    path_ = whole.substr(above);
    if (path_.empty())
        path_ = "/";
    for (std::size_t end = above;; end = whole.find('/', end + 1)) {
        if (const auto id = find_directory_id(end == 0 ? "/" : whole.substr(0, end)))
            way_.push_back(*id);
        if (end == whole.npos || whole == "/")
            break;
    }
    // Where the name of the way is no longer right, or is in another mount, the file itself is.
    if (const auto id = find_directory_id(fmt::format("/proc/self/fd/{}", found.get()));
        id && (way_.empty() || way_.back() != *id))
        way_.push_back(*id);
    if (!missing.empty())
        path_ = (path_ == "/" ? "" : path_) + missing;
}

void Place::add_way(const std::vector<DirectoryId>& above) {
    way_.insert(way_.begin(), above.begin(), above.end());
}

bool Place::is_in(const Place& other) const {
    return is_at_or_below(path_, other.path_) ||
           (other.exists_ && std::find(way_.begin(), way_.end(), other.way_.back()) != way_.end());
}

bool is_at_or_below(const std::string& path, const std::string& dir) {
    return dir == "/" || path == dir || path.starts_with(dir + "/");
}

HostPlaces::HostPlaces(const std::string& root) : root_(root) {
    for (const HostPlace& row : kHostPlaces)
        places_.emplace_back(row.path, root);
}

std::optional<ConfigProblem> HostPlaces::find_root_problem(const VpsConfig& config) const {
    const std::string& named = *config.ve_root;
    const Place place(named, root_);
    for (std::size_t at = 0; at < places_.size(); ++at) {
        const HostPlace& row = kHostPlaces[at];
        const Place& host = places_[at];
        if (host.is_in(place))
            return ConfigProblem{"VE_ROOT",
                                 fmt::format("{} is or holds the host's {}: a VPS there hides the "
                                             "host's files; give the VPS a directory of its own, "
                                             "such as /vz/root/$VEID",
                                             describe(named, place), row.path)};
        if (row.guarded == Guarded::Whole && place.is_in(host))
            return ConfigProblem{
                "VE_ROOT", fmt::format("{} lies in the host's {}, where programs of the host look "
                                       "for files of theirs; give the VPS a directory elsewhere, "
                                       "such as /vz/root/$VEID",
                                       describe(named, place), row.path)};
    }
    return std::nullopt;
}

std::optional<ConfigProblem> HostPlaces::find_area_problem(const VpsConfig& config) const {
    const std::string& named = *config.ve_private;
    const Place area(named, root_);
    for (std::size_t at = 0; at < places_.size(); ++at)
        if (area.exists() && places_[at].is_in(area))
            return ConfigProblem{
                "VE_PRIVATE",
                area.way().back() == Place("/", root_).way().back()
                    ? fmt::format("{} is the root of the host, and no private area: a VPS there "
                                  "would run on the host's own files",
                                  describe(named, area))
                    : fmt::format("{} is or holds the host's {}, and is no private area: a VPS "
                                  "there would run on the host's own files",
                                  describe(named, area), kHostPlaces[at].path)};
    const Place mount_point(*config.ve_root, root_);
    if (is_mounted(mount_point, root_))
        return std::nullopt;
    if (!area.is_in(mount_point) && !mount_point.is_in(area))
        return std::nullopt;
    return ConfigProblem{"VE_PRIVATE",
                         fmt::format("{} and VE_ROOT '{}' are one directory, or one lies in the "
                                     "other; the VPS wants two directories, side by side",
                                     describe(named, area), *config.ve_root)};
}

bool is_open_to_users(const Place& place, const std::string& root) {
    const std::string& path = place.path();
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        struct stat status {};
        if (stat((root + path.substr(0, end)).c_str(), &status) < 0 ||
            (status.st_mode & S_IXOTH) == 0)
            return false;
        if (end == path.npos)
            break;
    }
    struct statvfs options {};
    return statvfs((root + path).c_str(), &options) < 0 || (options.f_flag & ST_NOSUID) == 0;
}

bool HostPlaces::has(const Place& place) const {
    return std::any_of(places_.begin(), places_.end(),
                       [&](const Place& host) { return host.is_in(place); });
}

bool holds_files(const std::string& dir) {
    std::error_code absent;
    const std::filesystem::directory_iterator first(dir, absent);
    return !absent && first != std::filesystem::directory_iterator();
}

}  // namespace vps

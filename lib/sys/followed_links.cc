#include "sys/followed_links.hh"

#include <unistd.h>

#include <climits>

#include "sys/directory.hh"

namespace vps {

namespace {

// "/a/../b/./c//" is "/b/c". To be called where no part of it is a link.
std::string without_dots(std::string_view path) {
    std::string plain;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        at = end + 1;
        if (part == "..")
            plain.resize(plain.empty() ? 0 : plain.rfind('/'));
        else if (!part.empty() && part != ".")
            (plain += '/') += part;
    }
    return plain.empty() ? "/" : plain;
}

// To read a directory costs as much as to look at some of its names.
constexpr unsigned kMany = 32;

// The names in a directory that are links, or may be one on a file system that does not tell;
// nothing where the directory cannot be read.
std::optional<std::set<std::string, std::less<>>> list_links(const std::string& path) {
    std::set<std::string, std::less<>> links;
    Directory directory(path);
    while (const dirent* entry = directory.next())
        if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
            links.emplace(entry->d_name);
    return directory && errno == 0 ? std::optional(std::move(links)) : std::nullopt;
}

}  // namespace

std::optional<std::string> FollowedLinks::read_link(const std::string& path) const {
    char target[PATH_MAX];
    const ssize_t length = readlink((root_ + path).c_str(), target, sizeof target);
    return length > 0 ? std::optional(std::string(target, static_cast<std::size_t>(length)))
                      : std::nullopt;
}

const std::optional<std::string>& FollowedLinks::read_directory(const std::string& path) {
    const auto known = directories_.find(path);
    return known != directories_.end() ? known->second
                                       : directories_.emplace(path, read_link(path)).first->second;
}

std::vector<std::string> FollowedLinks::walk(const std::string& path) {
    std::vector<std::string> places;
    std::string place = path;
    for (std::size_t end = place.find('/', 1); !place.empty();) {
        // Up to `end` there is no link, but perhaps in the part that ends there.
        const bool last = end == std::string::npos;
        const std::string part = without_dots(std::string_view(place).substr(0, end));
        const std::optional<std::string> target = last ? read_link(part) : read_directory(part);
        if (target) {
            if (places.size() == kMostLinks)
                return {};
            const std::string rest = last ? std::string() : place.substr(end);
            place =
                target->front() == '/' ? *target : part.substr(0, part.rfind('/') + 1) + *target;
            place += rest;
            places.push_back(place);
            end = place.find('/', 1);
            continue;
        }
        if (last)
            break;
        end = place.find('/', end + 1);
    }
    for (std::string& one : places)
        one = without_dots(one);
    return places;
}

// True where neither a part of the path is a link, nor its last name, without a walk.
bool FollowedLinks::is_surely_plain(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos)
        return false;
    const std::string_view name = path.substr(slash + 1);
    const auto found = parents_.find(path.substr(0, slash));
    if (found == parents_.end() || name.empty() || name == "." || name == "..")
        return false;
    auto& [directory, parent] = *found;
    if (parent.asked++ == 0)
        parent.exists = access((root_ + directory).c_str(), F_OK) == 0;
    if (parent.asked == kMany)
        parent.links = list_links(root_ + directory);
    return !parent.exists || (parent.links && !parent.links->contains(name));
}

std::vector<std::string> FollowedLinks::of(const std::string& path) {
    if (is_surely_plain(path))
        return {};
    std::vector<std::string> places = walk(path);
    if (const std::size_t slash = path.rfind('/'); places.empty() && slash != path.npos)
        if (std::string parent = path.substr(0, slash); without_dots(parent) == parent)
            parents_.try_emplace(std::move(parent));
    return places;
}

std::string find_below(const std::string& root, const std::string& path) {
    if (root.empty())
        return path;
    const std::vector<std::string> places = FollowedLinks(root).of(path);
    return root + (places.empty() ? path : places.back());
}

}  // namespace vps

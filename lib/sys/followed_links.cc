#include "sys/followed_links.hh"

#include <unistd.h>

#include <climits>

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

std::vector<std::string> FollowedLinks::of(const std::string& path) {
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

}  // namespace vps

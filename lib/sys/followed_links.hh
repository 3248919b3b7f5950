// The places that a path leads through where parts of it are symbolic links. Reads directories
// only; for the generator at boot, too, when later mounts are not there yet.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vps {

class FollowedLinks {
  public:
    // Paths, and absolute targets of links, are looked up below `root`; "" is the host's own.
    explicit FollowedLinks(std::string root = {}) : root_(std::move(root)) {}

    // The absolute `path` as it is after the first symbolic link in it was followed, after the
    // second, and so on; empty if there is none, or more than kMostLinks, which lead nowhere. Ends
    // at a name that does not exist (yet). What directories are is remembered; and once many paths
    // have ended in one directory, so is which of its names are links.
    std::vector<std::string> of(const std::string& path);

    static constexpr int kMostLinks = 40;  // as the kernel (path_resolution(7))

  private:
    // A directory to which no link leads, and in which paths end.
    struct Parent {
        unsigned asked = 0;  // how often
        bool exists = true;
        std::optional<std::set<std::string, std::less<>>> links{};
    };

    std::optional<std::string> read_link(const std::string& path) const;
    const std::optional<std::string>& read_directory(const std::string& path);
    bool is_surely_plain(std::string_view path);
    std::vector<std::string> walk(const std::string& path);

    std::string root_;
    std::unordered_map<std::string, std::optional<std::string>> directories_;
    std::map<std::string, Parent, std::less<>> parents_;
};

// Where a process that is chrooted to `root` finds `path`: a path of ours, on which no symbolic
// link below `root` is left. Without a root it is `path` as it is.
std::string find_below(const std::string& root, const std::string& path);

}  // namespace vps

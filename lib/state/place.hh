// A place of the host, and the places that no VPS may have: VE_ROOT over, or the private area at, a
// directory that the host needs, and one of the two inside the other. Pure but for looking at the
// files; the helpers that mount and vps-check ask the same functions.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hh"

namespace vps {

// A directory by what it is; bind mounts give it more names.
using DirectoryId = std::pair<dev_t, ino_t>;

// The directory, or other file, that the path leads to; nothing where there is none.
std::optional<DirectoryId> find_directory_id(const std::string& path);

// A path with its links followed, as far as it exists.
class Place {
  public:
    // Paths, and absolute targets of links, are looked up below `root`; "" is the host's own.
    // Throws SysError.
    explicit Place(const std::string& path, const std::string& root = {});

    // The path without symbolic links.
    [[nodiscard]] const std::string& path() const { return path_; }
    // The directories on the way, from the root to the place itself where it exists.
    [[nodiscard]] const std::vector<DirectoryId>& way() const { return way_; }
    [[nodiscard]] bool exists() const { return exists_; }
    // Adds directories that lie above those of the way, though no path leads through them.
    void add_way(const std::vector<DirectoryId>& above);
    // True at or below the other, by name or by what the directories are.
    [[nodiscard]] bool is_in(const Place& other) const;

  private:
    std::string path_;
    std::vector<DirectoryId> way_;
    bool exists_ = false;
};

// True for `path` equal to `dir`, or below, by their letters.
bool is_at_or_below(const std::string& path, const std::string& dir);

// The directories that the host needs, as they are when this is made.
class HostPlaces {
  public:
    // Throws SysError.
    explicit HostPlaces(const std::string& root = {});

    // Why nothing may be mounted on VE_ROOT: the host would lose a directory that it needs, or the
    // VPS would be among the files of the host's programs. The configuration has a VE_ROOT. Throws
    // SysError.
    [[nodiscard]] std::optional<ConfigProblem> find_root_problem(const VpsConfig& config) const;

    // Why VE_PRIVATE is no private area: it is the host's root or holds or is a directory that the
    // host needs; or it and VE_ROOT lie in one another, as long as nothing is mounted on VE_ROOT.
    // The configuration has both. Throws SysError.
    [[nodiscard]] std::optional<ConfigProblem> find_area_problem(const VpsConfig& config) const;

    // True for a place that is or holds one of them.
    [[nodiscard]] bool has(const Place& place) const;

  private:
    std::string root_;
    std::vector<Place> places_;  // in the order of the table
};

// True where users of the host can pass to the existing place, so that a set-uid root program there
// is the host's root's for them: each directory on the way, and the place, lets them search it, and
// the file system heeds set-uid bits.
bool is_open_to_users(const Place& place, const std::string& root = {});

// True for a directory with a file in it, which a mount would hide.
bool holds_files(const std::string& dir);

}  // namespace vps

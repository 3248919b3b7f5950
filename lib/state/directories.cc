#include "state/directories.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "state/claim.hh"
#include "state/place.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

struct Kind {
    const char* dir;
    const char* what;
    const char* key;
    std::string VpsState::*path;
    std::string VpsState::*claim;
};
// A VPS that runs keeps its directories, wherever others lie.
enum class Neighbours { Judged, Ignored };
constexpr Kind kRoot{"roots", "the directory", "VE_ROOT", &VpsState::mount_point, &VpsState::root};
constexpr Kind kArea{"areas", "the private area", "VE_PRIVATE", &VpsState::ve_private,
                     &VpsState::area};

std::string name_of(const DirectoryId& id) {
    return fmt::format("{}-{}", id.first, id.second);
}

std::string without_links(const std::string& path) {
    std::error_code absent;
    const std::filesystem::path real = std::filesystem::canonical(path, absent);
    return absent ? path : real.string();
}

// The directory of another VPS that holds this place, or lies below: never the same one.
const Kind* find_nested(const Place& place, const VpsState& theirs) {
    const auto is_on_the_way = [&](const std::string& claim) {
        const auto& way = place.way();
        return std::any_of(way.begin(), way.end(),
                           [&](const DirectoryId& id) { return name_of(id) == claim; });
    };
    for (const Kind* kind : {&kRoot, &kArea}) {
        const std::string& claim = theirs.*kind->claim;
        if (claim.empty())
            continue;
        // By name as well: where their root is mounted, it is another directory than the claimed.
        const std::string path = without_links(theirs.*kind->path);
        if (is_on_the_way(claim) || is_at_or_below(place.path(), path) ||
            is_at_or_below(path, place.path()))
            return kind;
    }
    return nullptr;
}

// A state that cannot be read is told whenever that VPS itself is worked on.
std::optional<VpsState> find_state(Veid veid, const std::string& run_dir) {
    try {
        return read_state(veid, run_dir);
    } catch (const Error&) {
        return std::nullopt;
    }
}

// One of two VPSes in one another would see and write the files of the other.
void require_apart(const Kind& kind, Veid veid, const std::string& path,
                   const std::string& run_dir) {
    const Place place(path);
    for (const Veid other : list_active(run_dir)) {
        if (other == veid)
            continue;
        const std::optional<VpsState> theirs = find_state(other, run_dir);
        if (const Kind* const nested = theirs ? find_nested(place, *theirs) : nullptr)
            throw Error(ExitCode::BadValue,
                        fmt::format("{0} '{1}' and {2} '{3}' of VPS {4} lie in one another: one of "
                                    "the two VPSes would have the other's files; change {5} of "
                                    "this one, or {6} of VPS {4}",
                                    kind.what, path, nested->what, (*theirs).*nested->path,
                                    other.to_string(), kind.key, nested->key));
    }
}

void claim_directory(const Kind& kind, Veid veid, VpsState& state, const WriteState& write,
                     const std::string& run_dir, Neighbours neighbours) {
    const std::string& path = state.*kind.path;
    struct stat status {};
    if (stat(path.c_str(), &status) < 0)
        throw SysError(errno, "look at", path);
    const std::string name = name_of({status.st_dev, status.st_ino});
    // One lock for both kinds, since a root may lie in an area.
    const std::string roots = fmt::format("{}/{}", run_dir, kRoot.dir);
    sys::mkdir_all(roots, 0755);
    const Fd lock = sys::lock_directory(roots);
    const auto has = [&](Veid other) {
        const std::optional<VpsState> theirs = read_state(other, run_dir);
        return theirs && (*theirs).*kind.claim == name;
    };
    if (const auto other = find_holder({kind.dir, name}, has, run_dir); other && *other != veid)
        throw Error(ExitCode::Mounted,
                    fmt::format("{} '{}' is in use by VPS {}; change {} of one of the two, or stop "
                                "that one",
                                kind.what, path, other->to_string(), kind.key));
    if (neighbours == Neighbours::Judged)
        require_apart(kind, veid, path, run_dir);
    set_claim({kind.dir, name}, veid, run_dir);
    try {
        state.*kind.claim = name;
        write();
    } catch (...) {
        drop_claim({kind.dir, name}, veid, run_dir);
        throw;
    }
}

}  // namespace

void claim_root(Veid veid, VpsState& state, const WriteState& write, const std::string& run_dir) {
    claim_directory(kRoot, veid, state, write, run_dir, Neighbours::Judged);
}

void claim_area(Veid veid, VpsState& state, const WriteState& write, const std::string& run_dir) {
    claim_directory(kArea, veid, state, write, run_dir, Neighbours::Judged);
}

void claim_again(Veid veid, VpsState& state, const WriteState& write, const std::string& run_dir) {
    for (const Kind& kind : {kRoot, kArea}) {
        std::error_code none;  // without a directory there is no claim
        const std::string claims = fmt::format("{}/{}", run_dir, kind.dir);
        for (const auto& entry : std::filesystem::directory_iterator(claims, none)) {
            const std::string name = entry.path().filename().string();
            if (find_claim({kind.dir, name}, run_dir) == veid)
                state.*kind.claim = name;
        }
    }
    if (state.area.empty())
        claim_directory(kArea, veid, state, write, run_dir, Neighbours::Ignored);
    else
        write();
}

void release_directories(Veid veid, const VpsState& state, const std::string& run_dir) {
    for (const Kind& kind : {kRoot, kArea})
        if (const std::string& name = state.*kind.claim; !name.empty())
            drop_claim({kind.dir, name}, veid, run_dir);
}

std::optional<Veid> find_mounted_on(const std::string& mount_point, const std::string& run_dir) {
    for (const Veid veid : list_active(run_dir))
        try {
            const std::optional<VpsState> state = read_state(veid, run_dir);
            if (state && state->mount_point == mount_point)
                return veid;
        } catch (const Error&) {
            // Told whenever that VPS itself is worked on.
        }
    return std::nullopt;
}

}  // namespace vps

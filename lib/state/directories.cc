#include "state/directories.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "state/claim.hh"
#include "state/place.hh"
#include "state/whole_way.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

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

// The directory of another VPS that this place is, or lies in: for each directory on the way, for
// an area also above a bind mount of a part of a file system, it is asked whose it is, so that a
// start asks for a few names however many VPSes there are. A root that is mounted is the private
// area here.
struct Nested {
    const Kind* kind;
    Veid veid;
};

std::optional<Nested> find_nested(const Kind& wanted, const std::string& path, Veid veid,
                                  const std::string& run_dir) {
    std::vector<DirectoryId> way;
    if (&wanted == &kArea)
        way = find_way_above_mount(path);
    const std::vector<DirectoryId> seen = Place(path).way();
    way.insert(way.end(), seen.begin(), seen.end());
    for (const DirectoryId& id : way)
        for (const Kind* kind : {&kRoot, &kArea}) {
            const std::string name = name_of(id);
            const auto has = [&](Veid other) {
                const std::optional<VpsState> theirs = read_state(other, run_dir);
                return theirs && (*theirs).*kind->claim == name;
            };
            const auto holder = find_holder({kind->dir, name}, has, run_dir);
            if (holder && *holder != veid)
                return Nested{kind, *holder};
        }
    return std::nullopt;
}

// A VPS within another would see and write the files of the other.
void require_apart(const Kind& kind, Veid veid, const std::string& path,
                   const std::string& run_dir) {
    if (const std::optional<Nested> nested = find_nested(kind, path, veid, run_dir))
        throw Error(ExitCode::BadValue,
                    fmt::format("{0} '{1}' lies in {2} of VPS {3}: one of the two VPSes would have "
                                "the other's files; change {4} of this one, or {5} of VPS {3}",
                                kind.what, path, nested->kind->what, nested->veid.to_string(),
                                kind.key, nested->kind->key));
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
    sys::mkdir_all(roots, kRunMode);
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
    Undo drop([&] { drop_claim({kind.dir, name}, veid, run_dir); });
    state.*kind.claim = name;
    write();
    drop.keep();
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

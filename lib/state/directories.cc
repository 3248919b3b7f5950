#include "state/directories.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "state/claim.hh"
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
constexpr Kind kRoot{"roots", "the directory", "VE_ROOT", &VpsState::mount_point, &VpsState::root};
constexpr Kind kArea{"areas", "the private area", "VE_PRIVATE", &VpsState::ve_private,
                     &VpsState::area};

void claim_directory(const Kind& kind, Veid veid, VpsState& state, const WriteState& write,
                     const std::string& run_dir) {
    const std::string& path = state.*kind.path;
    struct stat status {};
    if (stat(path.c_str(), &status) < 0)
        throw SysError(errno, "look at", path);
    const std::string name = fmt::format("{}-{}", status.st_dev, status.st_ino);
    const std::string claims = fmt::format("{}/{}", run_dir, kind.dir);
    sys::mkdir_all(claims, 0755);
    const Fd lock = sys::lock_directory(claims);
    const auto has = [&](Veid other) {
        const std::optional<VpsState> theirs = read_state(other, run_dir);
        return theirs && (*theirs).*kind.claim == name;
    };
    if (const auto other = find_holder({kind.dir, name}, has, run_dir); other && *other != veid)
        throw Error(ExitCode::Mounted,
                    fmt::format("{} '{}' is in use by VPS {}; change {} of one of the two, or stop "
                                "that one",
                                kind.what, path, other->to_string(), kind.key));
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
    claim_directory(kRoot, veid, state, write, run_dir);
}

void claim_area(Veid veid, VpsState& state, const WriteState& write, const std::string& run_dir) {
    claim_directory(kArea, veid, state, write, run_dir);
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
        claim_area(veid, state, write, run_dir);
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

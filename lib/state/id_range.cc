#include "state/id_range.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>

#include "config/config_text.hh"
#include "state/claim.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

ClaimName claim_of(std::uint32_t first) {
    return {"ids", std::to_string(first)};
}

// True when another VPS has the range: its claim is there, and its state names the range.
bool is_claimed(std::uint32_t first, Veid by_other_than, const std::string& run_dir) {
    const auto has_it = [&](Veid veid) {
        const std::optional<VpsState> state = read_state(veid, run_dir);
        // A state without an id is about to name this range.
        return state && (state->first_id == 0 ||
                         (first >= state->first_id && first - state->first_id < state->ids));
    };
    const std::optional<Veid> holder = find_holder(claim_of(first), has_it, run_dir);
    return holder && holder != by_other_than;
}

bool overlap(const IdRange& a, const IdRange& b) {
    // 64 bits: a range of a hostile or sloppy file may end beyond all ids.
    return a.first < std::uint64_t{b.first} + b.count && b.first < std::uint64_t{a.first} + a.count;
}

// The first id of each kIdsPerVps ids of the range.
std::vector<std::uint32_t> parts_of(const IdRange& range) {
    std::vector<std::uint32_t> parts;
    for (std::uint32_t at = 0; at < range.count; at += kIdsPerVps)
        parts.push_back(range.first + at);
    return parts;
}

// True if this owner on disk stands for a VPS's root: the number that the configuration gives, or
// the first of a container's ids.
bool is_shifted(std::uint32_t id, std::optional<std::uint32_t> local) {
    const bool starts_range = id >= kFirstId && id <= kLastId && id % kIdsPerVps == 0;
    return id != 0 && (id == local || starts_range);
}

}  // namespace

std::optional<UserIds> find_shifted_ids(const struct stat& area, const VpsConfig& config) {
    if (!is_shifted(area.st_uid, config.local_uid))
        return std::nullopt;
    if (!is_shifted(area.st_gid, config.local_gid))
        throw Error(ExitCode::BadValue,
                    fmt::format("the private area '{}' was shifted on disk to user id {}, but its "
                                "group id {} is neither LOCAL_GID nor the first of a container's; "
                                "shift the group ids, too, or set LOCAL_GID",
                                *config.ve_private, area.st_uid, area.st_gid));
    return UserIds{area.st_uid, area.st_gid, true, config.userns_ids};
}

std::vector<IdRange> read_subordinate_ids(const std::string& path) {
    std::vector<IdRange> ranges;
    std::string text;
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode) &&
        status.st_rdev == makedev(1, 3))
        return ranges;  // /dev/null: an administrator's word for "none"
    try {
        text = read_config_text(AT_FDCWD, path.c_str(), path);
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT)
            return ranges;
        throw;
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);  // name:first:count
        at = end + 1;
        const std::size_t name = line.find(':'), first = line.find(':', name + 1);
        if (name != std::string::npos && first != std::string::npos)
            ranges.push_back(
                {static_cast<std::uint32_t>(std::strtoul(&line[name + 1], nullptr, 10)),
                 static_cast<std::uint32_t>(std::strtoul(&line[first + 1], nullptr, 10))});
    }
    return ranges;
}

std::uint32_t claim_ids(Veid veid, const std::vector<IdRange>& taken, const std::string& run_dir,
                        std::uint32_t count) {
    sys::mkdir_all(run_dir + "/ids", kRunMode);
    const Fd lock = sys::lock_directory(run_dir + "/ids");
    const std::uint32_t ranges = (kLastId + 1 - kFirstId) / count;
    for (std::uint32_t i = 0; i < ranges; ++i) {
        const IdRange range{kFirstId + (veid.value() + i) % ranges * count, count};
        const std::vector<std::uint32_t> parts = parts_of(range);
        if (std::any_of(taken.begin(), taken.end(),
                        [&](const IdRange& other) { return overlap(other, range); }) ||
            std::any_of(parts.begin(), parts.end(),
                        [&](std::uint32_t part) { return is_claimed(part, veid, run_dir); }))
            continue;
        for (const std::uint32_t part : parts)
            set_claim(claim_of(part), veid, run_dir);
        return range.first;
    }
    throw Error(ExitCode::System, "no user ids are left for the VPS between " +
                                      std::to_string(kFirstId) + " and " + std::to_string(kLastId) +
                                      "; look at /etc/subuid and /etc/subgid");
}

void release_ids(std::uint32_t first, Veid veid, const std::string& run_dir, std::uint32_t count) {
    for (const std::uint32_t part : parts_of({first, count}))
        drop_claim(claim_of(part), veid, run_dir);
}

}  // namespace vps

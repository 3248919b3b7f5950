// The host's user and group ids that the ids 0…65535 of a VPS are (user_namespaces(7)): a range of
// its own for each, out of those that systemd reserves for containers (systemd's UIDS-GIDS.md).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/veid.hh"

namespace vps {

inline constexpr std::uint32_t kIdsPerVps = 65536;
inline constexpr std::uint32_t kFirstId = 524288, kLastId = 1879048191;

struct IdRange {
    std::uint32_t first, count;
};

// The user namespace of a VPS: user and group ids of the host from these on. A private area whose
// files have those ids on disk is `shifted`; any other holds 0…65535 and is shown through idmapped
// mounts.
struct UserIds {
    std::uint32_t first_uid, first_gid;
    bool shifted;
};

// The ids of a private area with this status that is shifted; nothing for any other. It is if its
// owner is LOCAL_UID, or starts a range of containers' ids as systemd-nspawn's
// --private-users-ownership=chown leaves it. Throws Error BadValue where its group is not so, too.
std::optional<UserIds> find_shifted_ids(const struct stat& area, const VpsConfig& config);

// The ranges that a file such as /etc/subuid gives to others (subuid(5)); none if there is no file.
// Lines that make no sense are passed over.
std::vector<IdRange> read_subordinate_ids(const std::string& path);

// The ids, from kFirstId on, that processes run with now: those of other container managers.
std::vector<IdRange> ids_of_processes();

// Claims a range for the VPS, kIdsPerVps ids from the one returned, that overlaps none of `taken`
// and no running VPS's. It depends on the VEID alone, unless that place is taken: 101 gets 7143424.
// The claim is RUN_DIR/ids/ID, a link to the VEID, and counts while the VPS's state names it.
// Throws Error System when there is no range left.
std::uint32_t claim_ids(Veid veid, const std::vector<IdRange>& taken,
                        const std::string& run_dir = "/run/vps");
void release_ids(std::uint32_t first, const std::string& run_dir = "/run/vps");

}  // namespace vps

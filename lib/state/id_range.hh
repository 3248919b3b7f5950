// The host's user and group ids that stand for the ids of a VPS, 0…65535 and more with USERNS_IDS=
// (user_namespaces(7)): each VPS has a range of its own, in the ids that systemd reserves for
// containers (systemd's UIDS-GIDS.md).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/veid.hh"

namespace vps {

inline constexpr std::uint32_t kIdsPerVps = kFewestIds;
inline constexpr std::uint32_t kFirstId = 524288, kLastId = 1879048191;

struct IdRange {
    std::uint32_t first, count;
};

// The ids of a VPS's user namespace: the host's from these on. A private area whose files have
// these ids on disk is `shifted`; any other area holds the ids of the VPS and is shown through
// idmapped mounts.
struct UserIds {
    std::uint32_t first_uid, first_gid;
    bool shifted;
    std::uint32_t count = kIdsPerVps;
};

// The ids of a shifted private area with this status; nothing for any other area. An area is
// shifted if its owner is LOCAL_UID, or the first of a range of containers' ids as systemd-nspawn's
// --private-users-ownership=chown leaves it. Throws Error BadValue where its owner is shifted and
// its group is not.
std::optional<UserIds> find_shifted_ids(const struct stat& area, const VpsConfig& config);

// The ranges that a file such as /etc/subuid gives to others (subuid(5)); none if there is no file.
// Lines that make no sense are passed over.
std::vector<IdRange> read_subordinate_ids(const std::string& path);

// Claims a range for the VPS, `count` ids from the one returned, that overlaps none of `taken` and
// no running VPS's range; `count` is a power of two times kIdsPerVps. The range depends on the VEID
// and the count alone, unless its place is taken: 101 gets 7143424. The claim is a link to the VEID
// for each kIdsPerVps ids, RUN_DIR/ids/ID, and counts while the VPS's state names the range. Throws
// Error System when there is no range left.
std::uint32_t claim_ids(Veid veid, const std::vector<IdRange>& taken,
                        const std::string& run_dir = "/run/vps", std::uint32_t count = kIdsPerVps);
// Throws SysError.
void release_ids(std::uint32_t first, Veid veid, const std::string& run_dir = "/run/vps",
                 std::uint32_t count = kIdsPerVps);

}  // namespace vps

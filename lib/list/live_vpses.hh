// The VPSes of the host that run or are mounted, by their slices, scopes, states and mounts.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "list/cgroup_use.hh"
#include "list/list_places.hh"
#include "list/listed_vps.hh"
#include "state/state.hh"
#include "sys/fd.hh"

namespace vps {

// A VPS that runs, with the start of its init in clock ticks since the boot.
struct Running {
    std::uint64_t init_start;
    bool is_frozen;
};

// Threads may look at once. `places` outlives it.
class LiveVpses {
  public:
    explicit LiveVpses(const ListPlaces& places);

    // The VPSes that have a slice.
    [[nodiscard]] std::set<Veid> list_slices() const;
    [[nodiscard]] VpsCgroups cgroups_of(Veid veid) const;

    // The scope tells: it has processes from the start to the end of a VPS, and the state says
    // whether init is one of them. A state that is lost, or is another's, is looked into.
    [[nodiscard]] std::optional<Running> find_running(Veid veid, const VpsCgroups& cgroups) const;

    // A mount counts by the path of the configuration, or by the one that symbolic links led to.
    // The table of mounts is long where many VPSes run, and is not read where all do.
    [[nodiscard]] bool is_mounted(const ListedVps& vps) const;

  private:
    [[nodiscard]] std::optional<VpsState> read_state_if_there(Veid veid) const;

    const ListPlaces& places_;
    const Fd cgroups_;
    std::set<Veid> active_{};
    mutable std::once_flag mounts_read_{};
    mutable std::set<std::string, std::less<>> mount_points_{};
};

}  // namespace vps

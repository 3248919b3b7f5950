// Who starts at boot, and after whom. Levels are the distinct BOOTORDERs, highest first, unset
// last; each has a target that its VPSes are ordered before and the next level's after. All VPSes
// have a level, for the host's shutdown is the reverse, whoever started them. Within a level a
// sliding window lets VE_PARALLEL start at once: each VPS waits for the one that many places before
// it. That is at most three edges a VPS. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "generator/scan.hh"

namespace vps {

struct BootPlace {
    OnBoot start = OnBoot::No;                  // with vps.target; Unset: only if it ran before
    std::optional<std::uint32_t> after_level;   // the next higher one
    std::optional<std::uint32_t> before_level;  // its own
    std::optional<std::size_t> after_vps;       // the window's edge: of ScannedHost::vpses

    [[nodiscard]] bool is_ordered() const { return after_level || before_level || after_vps; }
};

struct BootOrder {
    std::vector<BootPlace> places;      // one for each of ScannedHost::vpses
    std::vector<std::uint32_t> levels;  // in the order of their start
};

BootOrder order_boot(const ScannedHost& host);

}  // namespace vps

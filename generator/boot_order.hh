// The VPSes that start at boot, and their order. Levels are the distinct BOOTORDERs, highest first,
// unset last; each has a target that its VPSes are ordered before and the next level's VPSes after.
// All VPSes have a level, because the host's shutdown is the reverse of the boot for every VPS that
// runs. Within a level a sliding window lets VE_PARALLEL start at once: each VPS waits for the one
// that many places before it. That is at most three edges a VPS. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "generator/scan.hh"

namespace vps {

struct BootPlace {
    // with vps.target; Unset: only if the VPS ran before
    OnBoot start = OnBoot::No;
    std::optional<std::uint32_t> after_level;   // the next higher level
    std::optional<std::uint32_t> before_level;  // its own level
    // the window's edge, an index into ScannedHost::vpses
    std::optional<std::size_t> after_vps;

    [[nodiscard]] bool is_ordered() const { return after_level || before_level || after_vps; }
};

struct BootOrder {
    std::vector<BootPlace> places;      // one for each of ScannedHost::vpses
    std::vector<std::uint32_t> levels;  // in the order in which they start
};

BootOrder order_boot(const ScannedHost& host);

}  // namespace vps

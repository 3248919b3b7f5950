#include "generator/boot_order.hh"

#include <algorithm>
#include <utility>

namespace vps {

static OnBoot find_start(const ScannedHost& host, const VpsConfig& config) {
    return host.virtuozzo && !config.disabled ? config.onboot : OnBoot::No;
}

namespace {

// What decides when a VPS starts, side by side for the sort.
struct Turn {
    std::optional<std::uint32_t> level;
    bool is_certain;
    OnBoot start;
    std::size_t vps;
};

std::vector<Turn> sort_turns(const ScannedHost& host) {
    std::vector<Turn> turns;
    turns.reserve(host.vpses.size());
    for (std::size_t i = 0; i < host.vpses.size(); ++i) {
        const VpsConfig& config = host.vpses[i].config;
        turns.push_back(
            {config.bootorder, config.onboot != OnBoot::Unset, find_start(host, config), i});
    }
    // An unset level is less than any other. VPSes that start only where they ran come last in a
    // level: if such a VPS does not start, its place in the window stays empty for the VPSes behind
    // it. The stable sort keeps the order of VEIDs.
    std::stable_sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
        return std::pair(a.level, a.is_certain) > std::pair(b.level, b.is_certain);
    });
    return turns;
}

}  // namespace

BootOrder order_boot(const ScannedHost& host) {
    BootOrder order;
    order.places.resize(host.vpses.size());
    const std::vector<Turn> turns = sort_turns(host);
    std::optional<std::uint32_t> previous;
    std::vector<std::size_t> starting;
    for (auto first = turns.begin(); first != turns.end();) {
        const auto level = first->level;
        const auto last =
            std::find_if(first, turns.end(), [&](const Turn& turn) { return turn.level != level; });
        starting.clear();
        for (; first != last; ++first) {
            auto& place = order.places[first->vps];
            place.after_level = previous;
            place.before_level = level;
            place.start = first->start;
            if (place.start == OnBoot::No)
                continue;
            if (starting.size() >= host.parallel)
                place.after_vps = starting[starting.size() - host.parallel];
            starting.push_back(first->vps);
        }
        if (level)
            order.levels.push_back(*level);
        previous = level;
    }
    return order;
}

}  // namespace vps

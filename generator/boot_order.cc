#include "generator/boot_order.hh"

#include <algorithm>
#include <numeric>
#include <utility>

namespace vps {

static OnBoot find_start(const ScannedHost& host, const VpsConfig& config) {
    return host.virtuozzo && !config.disabled ? config.onboot : OnBoot::No;
}

BootOrder order_boot(const ScannedHost& host) {
    BootOrder order;
    order.places.resize(host.vpses.size());
    const auto level_of = [&](std::size_t i) { return host.vpses[i].config.bootorder; };
    std::vector<std::size_t> queue(host.vpses.size());
    std::iota(queue.begin(), queue.end(), 0);
    const auto is_certain = [&](std::size_t i) {
        return host.vpses[i].config.onboot != OnBoot::Unset;
    };
    // An unset level is less than any other. VPSes that start only where they ran come last in a
    // level: if such a VPS does not start, its place in the window stays empty for the VPSes behind
    // it. The stable sort keeps the order of VEIDs.
    std::stable_sort(queue.begin(), queue.end(), [&](auto a, auto b) {
        return std::pair(level_of(a), is_certain(a)) > std::pair(level_of(b), is_certain(b));
    });

    std::optional<std::uint32_t> previous;
    std::vector<std::size_t> starting;
    for (auto first = queue.begin(); first != queue.end();) {
        const auto level = level_of(*first);
        const auto last =
            std::find_if(first, queue.end(), [&](auto i) { return level_of(i) != level; });
        starting.clear();
        for (; first != last; ++first) {
            auto& place = order.places[*first];
            place.after_level = previous;
            place.before_level = level;
            place.start = find_start(host, host.vpses[*first].config);
            if (place.start == OnBoot::No)
                continue;
            if (starting.size() >= host.parallel)
                place.after_vps = starting[starting.size() - host.parallel];
            starting.push_back(*first);
        }
        if (level)
            order.levels.push_back(*level);
        previous = level;
    }
    return order;
}

}  // namespace vps

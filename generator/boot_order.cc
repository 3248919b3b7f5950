#include "boot_order.hh"

#include <algorithm>

namespace vps {

static bool starts_at_boot(const VpsConfig& config) {
    return config.onboot == OnBoot::Yes && !config.disabled;
}

BootOrder order_boot(const ScannedHost& host) {
    BootOrder order;
    order.places.resize(host.vpses.size());
    if (!host.virtuozzo)
        return order;

    std::vector<std::size_t> queue;
    for (std::size_t i = 0; i < host.vpses.size(); ++i)
        if (starts_at_boot(host.vpses[i].config))
            queue.push_back(i);
    const auto level_of = [&](std::size_t i) { return host.vpses[i].config.bootorder; };
    // An unset one is less than any; the stable sort keeps each level in the order of VEIDs.
    std::stable_sort(queue.begin(), queue.end(),
                     [&](auto a, auto b) { return level_of(a) > level_of(b); });

    std::optional<std::uint32_t> previous;
    for (auto first = queue.begin(); first != queue.end();) {
        const auto level = level_of(*first);
        const auto last =
            std::find_if(first, queue.end(), [&](auto i) { return level_of(i) != level; });
        for (auto i = first; i != last; ++i) {
            auto& place = order.places[*i];
            place.autostart = true;
            place.after_level = previous;
            place.before_level = level;
            if (i - first >= static_cast<std::ptrdiff_t>(host.parallel))
                place.after_vps = host.vpses[*(i - host.parallel)].veid;
        }
        if (level)
            order.levels.push_back(*level);
        previous = level;
        first = last;
    }
    return order;
}

}  // namespace vps

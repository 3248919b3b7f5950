#include "list/gather.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <iterator>
#include <map>
#include <set>
#include <span>

#include "config/vps_list.hh"
#include "config/vps_name.hh"
#include "list/cgroup_use.hh"
#include "list/configurations.hh"
#include "list/disk_use.hh"
#include "list/live_vpses.hh"
#include "list/network_use.hh"
#include "ploop/area_kind.hh"
#include "sys/error.hh"
#include "sys/parts.hh"

namespace vps {

namespace {

double seconds_since_boot() {
    timespec now{};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);  // fails for clocks that do not exist only
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double read_boot_time() {
    timespec now{};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 -
           seconds_since_boot();
}

class Gatherer {
  public:
    Gatherer(const ListRequest& request, const ListPlaces& places)
        : request_(request),
          places_(places),
          sources_(request.sources()),
          configurations_(places.config, (sources_ & kTexts) != 0),
          live_(places),
          network_((sources_ & kNetwork) != 0 ? read_network_use(places)
                                              : std::map<Veid, NetworkUse>()),
          boot_time_(places.boot_time ? *places.boot_time : read_boot_time()),
          now_(places.now ? *places.now : seconds_since_boot()),
          cpus_(places.cpus ? *places.cpus
                            : static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)))) {}

    Gathered gather() {
        const std::set<Veid> wanted = candidates();
        const std::vector<Veid> all(wanted.begin(), wanted.end());
        auto parts = in_parts(all.size(), [&](std::size_t first, std::size_t end) {
            return gather_part(std::span(all).subspan(first, end - first));
        });
        Gathered gathered;
        for (Part& part : parts) {
            if (part.failure)
                std::rethrow_exception(part.failure);
            gathered.any |= part.found.any;
            std::move(part.found.vpses.begin(), part.found.vpses.end(),
                      std::back_inserter(gathered.vpses));
        }
        return gathered;
    }

  private:
    struct Part {
        Gathered found{};
        std::exception_ptr failure{};
    };

    Part gather_part(std::span<const Veid> veids) const noexcept {
        Part part;
        try {
            for (const Veid veid : veids) {
                std::optional<ListedVps> vps = look_at(veid);
                part.found.any |= vps.has_value();
                if (vps && is_listed(*vps))
                    part.found.vpses.push_back(std::move(*vps));
            }
        } catch (...) {
            part.failure = std::current_exception();
        }
        return part;
    }

    bool wants_running_only() const {
        return request_.which == ListRequest::Which::Running && request_.operands.empty();
    }

    // The VPSes that have a configuration, and the VPSes that run without one.
    std::set<Veid> candidates() {
        if (!wants_running_only())
            for (const Veid veid : list_vpses(places_.config + "/conf"))
                configured_.insert(veid);
        std::set<Veid> known = live_.list_slices();
        known.insert(configured_.begin(), configured_.end());
        if (request_.operands.empty())
            return known;
        std::set<Veid> wanted;
        for (const std::string& operand : request_.operands)
            if (const Veid veid = veid_of(operand); known.contains(veid))
                wanted.insert(veid);
        return wanted;
    }

    Veid veid_of(const std::string& operand) const {
        if (const std::optional<Veid> veid = Veid::parse(operand))
            return *veid;
        const std::vector<Veid> named = find_named(operand, places_.config);
        if (named.size() != 1)
            throw Error(ExitCode::Usage,
                        named.empty() ? fmt::format("CT ID {} is invalid", operand)
                                      : fmt::format("CT ID {} is invalid: VPSes {} and {} have "
                                                    "that NAME",
                                                    operand, named[0].value(), named[1].value()));
        return named.front();
    }

    // The status of a VPS that is listed in any case, and only by its configuration, is not wanted.
    bool is_status_wanted(Veid veid) const {
        return (sources_ & kStatus) != 0 || request_.which != ListRequest::Which::All ||
               !configured_.contains(veid);
    }

    // Returns nothing for a VEID without a VPS: a slice that systemd has yet to forget, for
    // instance.
    std::optional<ListedVps> look_at(Veid veid) const {
        ListedVps vps{.veid = veid, .host_cpus = cpus_};
        const VpsCgroups cgroups = live_.cgroups_of(veid);
        std::optional<Running> running =
            is_status_wanted(veid) ? live_.find_running(veid, cgroups) : std::nullopt;
        if (!running && (wants_running_only() || !configured_.contains(veid)))
            return std::nullopt;
        configurations_.read(vps);
        if (!running && !has_private_area(vps.config))
            running = live_.find_running(veid, cgroups);
        if ((sources_ & kLayout) != 0)
            vps.is_ploop = is_ploop(vps.config);
        read_limits(vps, running.has_value());
        if (running)
            look_at_running(vps, *running, cgroups);
        else if ((sources_ & kStatus) != 0 && live_.is_mounted(vps))
            vps.status = StatusWord::Word::Mounted;
        if ((sources_ & kCounts) != 0)
            vps.counts = find_life_counts(veid, places_.run);
        if ((sources_ & kDisk) != 0)
            read_disk(vps, places_.root);
        return vps;
    }

    // OpenVZ lists nothing of a stopped VPS whose private area is gone.
    bool is_listed(const ListedVps& vps) const {
        if (!vps.runs() && !has_private_area(vps.config))
            return false;
        if (request_.which == ListRequest::Which::NotRunning &&
            vps.status == StatusWord::Word::Running)
            return false;
        return matches(request_.hostname, vps.config.hostname) &&
               matches(request_.name, vps.config.name) &&
               matches(request_.description, vps.config.description);
    }

    static bool matches(const std::optional<std::string>& pattern,
                        const std::optional<std::string>& text) {
        return !pattern || (text && fnmatch(pattern->c_str(), text->c_str(), 0) == 0);
    }

    bool has_private_area(const VpsConfig& config) const {
        return config.ve_private && access((places_.root + *config.ve_private).c_str(), F_OK) == 0;
    }

    bool is_ploop(const VpsConfig& config) const {
        if (config.layout != Layout::Unset)
            return config.layout == Layout::Ploop;
        const Fd area(config.ve_private ? ::open((places_.root + *config.ve_private).c_str(),
                                                 O_PATH | O_DIRECTORY | O_CLOEXEC)
                                        : -1);
        return area && find_disk_maker(area) == DiskMaker::Host;
    }

    // A limit that is not set is none for a VPS that runs, and nothing for one that does not.
    static void read_limits(ListedVps& vps, bool runs) {
        for (std::size_t at = 0; at < kCounters.size(); ++at) {
            Beancounter& counter = vps.counters[at];
            BarrierLimit pair{0, 0};
            const auto text = vps.texts.find(kCounters[at].key);
            if (text == vps.texts.end() ||
                read_barrier_limit(pair, text->second, kCounters[at].unit).grade == Verdict::Bad)
                pair.barrier = pair.limit = runs ? kUnlimited : 0;
            counter.barrier = std::min(pair.barrier, kNoLimit);
            counter.limit = std::min(pair.limit, kNoLimit);
            counter.is_idle = !runs;
        }
    }

    void look_at_running(ListedVps& vps, const Running& running, const VpsCgroups& cgroups) const {
        static const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
        vps.status = running.is_frozen ? StatusWord::Word::Suspended : StatusWord::Word::Running;
        const double start = static_cast<double>(running.init_start) / ticks;
        vps.uptime = std::max(0.0, now_ - start);
        vps.started = std::round((boot_time_ + start) * ticks) / ticks;
        if (const auto use = network_.find(vps.veid); use != network_.end())
            vps.network = use->second;
        read_use(cgroups, sources_, vps.counters);
        if ((sources_ & kActivity) != 0)
            vps.activity = read_activity(cgroups);
        if ((sources_ & kLoad) != 0)
            vps.load = count_load(cgroups, places_.proc.c_str());
    }

    const ListRequest& request_;
    const ListPlaces& places_;
    const unsigned sources_;
    const Configurations configurations_;
    const LiveVpses live_;
    const std::map<Veid, NetworkUse> network_;
    const double boot_time_;
    const double now_;
    const unsigned cpus_;
    std::set<Veid> configured_{};
};

// VPSes that are alike stay in the order of their numbers; those without a place in the boot, or
// with the same, in the opposite one, so that "-s -bootorder" is the order of the boot.
void sort_by(const Field& field, std::vector<ListedVps>& vpses) {
    if (field.name == "bootorder")
        std::reverse(vpses.begin(), vpses.end());
    std::stable_sort(vpses.begin(), vpses.end(), [&](const ListedVps& a, const ListedVps& b) {
        return compare(field.value(a), field.value(b)) < 0;
    });
}

}  // namespace

Gathered gather(const ListRequest& request, const ListPlaces& places) {
    Gathered gathered = Gatherer(request, places).gather();
    if (request.sort)
        sort_by(*request.sort, gathered.vpses);
    if (request.reverse)
        std::reverse(gathered.vpses.begin(), gathered.vpses.end());
    return gathered;
}

}  // namespace vps

#include "network/upkeep.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "network/host_claims.hh"
#include "network/lan_device.hh"
#include "network/links.hh"
#include "network/neighbours.hh"
#include "network/packet_filter.hh"
#include "network/sysctl.hh"
#include "network/venet.hh"
#include "network/veth.hh"
#include "state/state.hh"
#include "sys/error.hh"

namespace vps {

namespace {

class Inspection {
  public:
    Inspection(const NetworkRecord& record, Upkeep upkeep)
        : record_(record), upkeep_(upkeep), addresses_(record.parsed_addresses()) {}

    UpkeepReport inspect() {
        for (const RecordedLink& link : record_.links)
            inspect_link(link);
        for (const std::string& device : record_.neighbour_devices)
            inspect_neighbours(device);
        return std::move(report_);
    }

  private:
    // A filter is there before the link that it is for.
    void inspect_link(const RecordedLink& link) {
        const std::optional<LinkState> state = find_link(socket_, link.name);
        if (!state) {
            report_.missing.push_back("no link " + link.name);
            report_.cannot.push_back(link.name + " is made when the VPS starts only");
            return;
        }
        if (const LinkFilter filter = filter_of(record_, link); !filter.empty()) {
            const std::vector<sock_filter> program = compile_filter(filter);
            if (!has_packet_filter(link.name, program))
                mend("no packet filter on " + link.name,
                     [&] { set_packet_filter(link.name, program); });
        }
        for (std::string& setting : keep_up_settings(link, upkeep_))
            report_.missing.push_back(std::move(setting));
        if (!link.bridge.empty())
            inspect_port(link, *state);
        if (!(state->flags & IFF_UP))
            mend(link.name + " is down", [&] { set_up_host_end(socket_, link); });
        if (link.is_venet)
            for (const IpAddress& address : addresses_)
                inspect_route(link.name, state->index, address);
    }

    void inspect_port(const RecordedLink& link, const LinkState& state) {
        if (state.master != 0)
            return;  // of another bridge than it was: somebody wanted that
        mend(fmt::format("{} is no port of {}", link.name, link.bridge),
             [&] { join_bridge(socket_, link.name, link.bridge); });
    }

    void inspect_route(const std::string& link, int index, const IpAddress& address) {
        const std::string missing = fmt::format("no route to {} on {}", address.to_string(), link);
        if (upkeep_ == Upkeep::Look) {
            if (!is_routed_to(socket_, address, index))
                report_.missing.push_back(missing);
            return;
        }
        try {
            if (renew_route(socket_, link, index, address))
                report_.missing.push_back(missing);
        } catch (const Error& error) {
            report_.missing.push_back(missing);
            report_.cannot.emplace_back(error.what());
        }
    }

    void inspect_neighbours(const std::string& device) {
        if (if_nametoindex(device.c_str()) == 0) {
            report_.missing.push_back("no device " + device);
            report_.cannot.push_back(device + " answers for nothing until it is there again");
            return;
        }
        std::optional<LanDevice> lan;
        for (const IpAddress& address : addresses_) {
            if (!answers_for(address, device))
                mend(fmt::format("no answer on {} for {}", device, address.to_string()), [&] {
                    answer_for(address, device);
                    if (!lan)
                        lan.emplace(device);
                    lan->announce(address);
                });
            else if (address.family == AF_INET6 && read_sysctl(proxy_ndp_of(device)) == "0")
                mend(spell_sysctl(proxy_ndp_of(device)) + " is 0",
                     [&] { answer_for(address, device); });
        }
    }

    void mend(const std::string& missing, const std::function<void()>& make) {
        report_.missing.push_back(missing);
        if (upkeep_ == Upkeep::Look)
            return;
        try {
            make();
        } catch (const Error& error) {
            report_.cannot.emplace_back(error.what());
        }
    }

    const NetworkRecord& record_;
    Upkeep upkeep_;
    std::vector<IpAddress> addresses_;
    RouteSocket socket_;
    UpkeepReport report_;
};

// The links of one that has ended go before anybody undoes the rest.
bool is_alive(Veid veid) {
    const std::optional<VpsState> state = read_state(veid);
    return state && (state->phase == Phase::Starting || find_init(*state));
}

}  // namespace

UpkeepReport keep_up(const NetworkRecord& record, Upkeep upkeep) {
    return Inspection(record, upkeep).inspect();
}

UpkeepReport keep_up_vps(Veid veid, Upkeep upkeep) {
    const HostClaims claims;
    const std::optional<NetworkRecord> record =
        is_whole(veid) && is_alive(veid) ? read_network_record(veid) : std::nullopt;
    return record ? keep_up(*record, upkeep) : UpkeepReport{};
}

std::string describe_mended(const UpkeepReport& report) {
    std::string text =
        fmt::format("its network on the host was not whole: {}", fmt::join(report.missing, "; "));
    if (report.cannot.empty())
        return text + "; it is again";
    return fmt::format("{}; it is not yet again: {}", text, fmt::join(report.cannot, "; "));
}

}  // namespace vps

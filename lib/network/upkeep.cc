#include "network/upkeep.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "network/advice.hh"
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
#include "sys/process.hh"

namespace vps {

namespace {

class Inspection {
  public:
    Inspection(Veid veid, const NetworkRecord& record, Upkeep upkeep)
        : veid_(veid), record_(record), upkeep_(upkeep), addresses_(record.parsed_addresses()) {}

    // Gives links that are called otherwise their own names again; returns whether all have them.
    bool restore_names() {
        bool have_theirs = true;
        for (const RecordedLink& link : record_.links) {
            const std::string other = find_other_name(link);
            if (other.empty())
                continue;
            have_theirs = upkeep_ == Upkeep::Mend &&
                          rename_link(socket_, link.index, link.name).error == 0 && have_theirs;
            if (find_other_name(link).empty())
                report_.missing.push_back(fmt::format("{} is called {}", link.name, other));
        }
        return have_theirs;
    }

    UpkeepReport inspect() {
        for (const RecordedLink& link : record_.links)
            inspect_link(link);
        for (const std::string& device : record_.neighbour_devices)
            inspect_neighbours(device);
        return std::move(report_);
    }

  private:
    // The link by its name; nothing where it is gone, or called otherwise.
    std::optional<LinkState> find_ours(const RecordedLink& link) {
        std::optional<LinkState> state = find_link(socket_, link.name);
        if (state && (link.index == 0 || state->index == link.index))
            return state;
        const std::string other = find_other_name(link);
        report_.missing.push_back(other.empty() ? "no link " + link.name
                                                : fmt::format("{} is called {}", link.name, other));
        if (state)
            report_.cannot.push_back(explain_foreign_link(link.name, veid_));
        else
            report_.cannot.push_back(fmt::format("systemctl reload vps@{} makes {} again",
                                                 veid_.to_string(), link.name));
        return std::nullopt;
    }

    static std::string find_other_name(const RecordedLink& link) {
        char name[IF_NAMESIZE];
        return link.index != 0 && if_indextoname(static_cast<unsigned>(link.index), name) &&
                       name != link.name
                   ? name
                   : "";
    }

    // A filter is there before the link that it is for.
    void inspect_link(const RecordedLink& link) {
        const std::optional<LinkState> state = find_ours(link);
        if (!state)
            return;
        if (const LinkFilter filter = filter_of(record_, link); !filter.empty()) {
            const LinkPrograms programs = compile_filter(filter);
            if (!has_packet_filter(link.name, programs))
                mend("no packet filter on " + link.name,
                     [&] { set_packet_filter(link.name, programs); });
        }
        for (std::string& setting : keep_up_settings(link, upkeep_))
            report_.missing.push_back(std::move(setting));
        for (std::string& advice : remove_advice(link.name, state->index, upkeep_))
            report_.missing.push_back(std::move(advice));
        if (!link.bridge.empty())
            inspect_port(link, *state);
        if (!(state->flags & IFF_UP))
            mend(link.name + " is down", [&] { set_up_host_end(socket_, link); });
        if (link.is_venet)
            inspect_venet(link, *state);
    }

    void inspect_venet(const RecordedLink& link, const LinkState& state) {
        if (!(state.flags & IFF_NOARP))
            mend(link.name + " asks by ARP", [&] { set_up_host_end(socket_, link); });
        if (state.mac != kVenetAddress.bytes())
            mend(link.name + " has another hardware address than the VPS's end", [&] {
                require(set_hardware_address(socket_, link.name, kVenetAddress),
                        "set the hardware address of", link.name, ExitCode::CannotAddIp);
            });
        for (const IpAddress& address : addresses_)
            inspect_route(link.name, state.index, address);
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
            if (renew_route(socket_, link, index, address)) {
                report_.missing.push_back(missing);
            } else if (!is_routed_to(socket_, address, index)) {
                const std::string spelled = address.to_string();
                report_.missing.push_back(missing);
                report_.cannot.push_back(
                    fmt::format("somebody else's route to {} is left as it is (ip route show {})",
                                spelled, spelled));
            }
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

    Veid veid_;
    const NetworkRecord& record_;
    Upkeep upkeep_;
    std::vector<IpAddress> addresses_;
    RouteSocket socket_;
    UpkeepReport report_;
};

// The links of one that has ended go before anybody undoes the rest: a process that exits leaves
// its network namespace a while before it has ended.
bool is_alive(Veid veid) {
    const std::optional<VpsState> state = read_state(veid);
    return state &&
           (state->phase == Phase::Starting || (find_init(*state) && !is_ending(state->init_pid)));
}

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Where no way is known, as while a device is down, the devices stay what they are; of a list, also
// the ones that are gone for now.
std::vector<std::string> find_devices_again(const NetworkRecord& record, HostWays& ways) {
    const std::vector<std::string>& now = record.neighbour_devices;
    if (!record.choice)
        return now;
    std::vector<std::string> found;
    try {
        found = find_neighbour_devices(*record.choice, record.parsed_addresses(), ways);
    } catch (const Error& error) {
        if (error.code() != ExitCode::IpInUse)
            throw;
    }
    if (record.choice->kind == NeighbourDevices::Kind::List)
        for (const std::string& name : now)
            if (!has(found, name))
                found.push_back(name);
    return found.empty() ? now : found;
}

// The answers of devices that are not chosen any more are taken away here; the ones of new devices
// are missing then. The record says first where answers will be: undo_network() takes them away.
UpkeepReport choose_again(Veid veid, NetworkRecord& record, Upkeep upkeep, HostWays& ways) {
    UpkeepReport report;
    const std::vector<std::string> before =
        std::exchange(record.neighbour_devices, find_devices_again(record, ways));
    if (record.neighbour_devices == before)
        return report;
    for (const std::string& device : before) {
        if (has(record.neighbour_devices, device))
            continue;
        report.missing.push_back(
            fmt::format("{} answers where the addresses are not any more", device));
        if (upkeep == Upkeep::Mend)
            for (const IpAddress& address : record.parsed_addresses())
                stop_answering_for(address, device);
    }
    if (upkeep == Upkeep::Mend)
        write_network_record(veid, record);
    return report;
}

}  // namespace

std::string explain_foreign_link(const std::string& link, Veid veid) {
    return fmt::format(
        "another device of the host is called {0}: give it another name (ip link set {0} name "
        "NAME), then systemctl reload vps@{1}",
        link, veid.to_string());
}

UpkeepReport keep_up_vps(Veid veid, Upkeep upkeep, HostWays& ways) {
    const HostClaims claims;
    std::optional<NetworkRecord> record =
        is_whole(veid) && is_alive(veid) ? read_network_record(veid) : std::nullopt;
    if (!record)
        return {};
    Inspection inspection(veid, *record, upkeep);
    // By another name, one of our own links would be taken for a device of the host's.
    UpkeepReport left;
    if (inspection.restore_names())
        left = choose_again(veid, *record, upkeep, ways);
    const UpkeepReport report = inspection.inspect();
    if (!is_alive(veid))  // it has ended while its links were looked at
        return {};
    left.missing.insert(left.missing.end(), report.missing.begin(), report.missing.end());
    left.cannot.insert(left.cannot.end(), report.cannot.begin(), report.cannot.end());
    return left;
}

std::vector<std::string> shorten(std::vector<std::string> parts) {
    constexpr std::size_t kMost = 20;
    if (parts.size() > kMost) {
        const std::size_t more = parts.size() - kMost + 1;
        parts.resize(kMost - 1);
        parts.push_back(fmt::format("and {} more", more));
    }
    return parts;
}

std::string describe_mended(const UpkeepReport& report) {
    std::string text = fmt::format("its network on the host was not whole: {}",
                                   fmt::join(shorten(report.missing), "; "));
    if (report.cannot.empty())
        return text + "; it is again";
    return fmt::format("{}; it is not yet again: {}", text,
                       fmt::join(shorten(report.cannot), "; "));
}

}  // namespace vps

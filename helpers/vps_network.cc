#include "vps_network.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <sstream>

#include "error.hh"
#include "neighbours.hh"
#include "source_filter.hh"
#include "sys.hh"
#include "venet.hh"

namespace vps {

namespace {

constexpr const char* kRunDir = "/run/vps";

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

std::string spell(const std::vector<IpAddress>& addresses) {
    std::string text;
    for (const IpAddress& address : addresses)
        text += (text.empty() ? "" : " ") + address.to_string();
    return text;
}

void refuse_addresses_of_others(Veid veid, const NetworkSpec& spec) {
    for (const auto& [other, state] : read_states(kRunDir)) {
        if (other == veid || state.addresses.empty())
            continue;
        const std::vector<std::string> taken = words_of(state.addresses);
        for (const IpAddress& address : spec.addresses)
            if (std::find(taken.begin(), taken.end(), address.to_string()) != taken.end())
                throw Error(ExitCode::IpInUse,
                            fmt::format("the address {} is in use by VPS {}; change IP_ADDRESS "
                                        "of one of the two, or stop that one",
                                        address.to_string(), other.to_string()));
    }
}

bool is_off(const std::string& sysctl) {
    try {
        return sys::read_file("/proc/sys/" + sysctl).starts_with('0');
    } catch (const SysError&) {
        return true;
    }
}

// Host-wide settings are the administrator's, as they were with vzctl.
void warn_of_sysctls(const NetworkSpec& spec, const std::vector<std::string>& devices,
                     const Log& log) {
    const auto has = [&](int family) {
        return std::any_of(spec.addresses.begin(), spec.addresses.end(),
                           [&](const IpAddress& address) { return address.family == family; });
    };
    std::vector<std::string> missing;
    if (has(AF_INET) && is_off("net/ipv4/ip_forward"))
        missing.emplace_back("net.ipv4.ip_forward=1");
    if (has(AF_INET6)) {
        if (is_off("net/ipv6/conf/all/forwarding"))
            missing.emplace_back("net.ipv6.conf.all.forwarding=1");
        if (is_off("net/ipv6/conf/all/proxy_ndp"))
            for (const std::string& device : devices)
                if (is_off("net/ipv6/conf/" + device + "/proxy_ndp"))
                    missing.push_back("net.ipv6.conf." + device + ".proxy_ndp=1");
    }
    if (!missing.empty())
        log.say(Level::Warning,
                fmt::format("the host does not pass on its packets; set {} (in /etc/sysctl.d)",
                            fmt::join(missing, " and ")));
}

void try_undo(const Log& log, const std::function<void()>& undo) {
    try {
        undo();
    } catch (const Error& error) {
        log.say(Level::Warning, fmt::format("{}, ignoring it", error.what()));
    }
}

}  // namespace

void claim_network(Veid veid, const NetworkSpec& spec, const VpsLock& lock, VpsState& state) {
    if (spec.empty())
        return;
    // One at a time looks and writes: of two that start at once, the second finds the first.
    const Fd claims = sys::open(kRunDir, O_RDONLY | O_DIRECTORY);
    if (flock(claims.get(), LOCK_EX) < 0)
        throw SysError(errno, "lock", kRunDir);
    refuse_addresses_of_others(veid, spec);
    state.neighbour_devices = fmt::format("{}", fmt::join(find_neighbour_devices(spec), " "));
    state.links = venet_name(veid);
    state.addresses = spell(spec.addresses);
    lock.write_state(state);
}

void make_network(Veid veid, const NetworkSpec& spec, const VpsState& state, pid_t init,
                  const Log& log) {
    if (spec.empty())
        return;
    const std::string link = venet_name(veid);
    const Fd inside = sys::open("/proc/" + std::to_string(init) + "/ns/net", O_RDONLY);
    make_venet(link, inside);
    allow_sources(veid, link, spec.addresses);
    configure_venet(inside, spec.addresses);
    route_to_venet(link, spec.addresses);
    const std::vector<std::string> devices = words_of(state.neighbour_devices);
    for (const IpAddress& address : spec.addresses)
        for (const std::string& device : devices)
            answer_for(address, device);
    warn_of_sysctls(spec, devices, log);
}

void undo_network(Veid veid, VpsState& state, const Log& log) {
    if (state.links.empty() && state.addresses.empty())
        return;
    for (const std::string& word : words_of(state.addresses))
        for (const std::string& device : words_of(state.neighbour_devices))
            try_undo(log, [&] { stop_answering_for(IpAddress::parse(word), device); });
    for (const std::string& link : words_of(state.links))
        try_undo(log, [&] { remove_link(link); });
    if (!state.addresses.empty())
        try_undo(log, [&] { forget_sources(veid); });
    state.links.clear();
    state.addresses.clear();
    state.neighbour_devices.clear();
}

}  // namespace vps

#include "network/host_end.hh"

#include <fmt/format.h>
#include <sys/socket.h>

#include "network/links.hh"
#include "network/sysctl.hh"

namespace vps {

namespace {

struct HostEndSetting {
    const char* name;
    const char* value;
    enum class Of { All, Routed, Venet, Answering, Others } of = Of::All;
    // rp_filter: 2 is a guard as well, and systemd's own sysctl.d sets it on each new device.
    bool any_but_zero = false;
};
using Of = HostEndSetting::Of;
constexpr HostEndSetting kSettings[] = {
    {"ipv6/conf/{}/accept_ra", "0"},
    {"ipv6/conf/{}/autoconf", "0"},
    {"ipv6/conf/{}/addr_gen_mode", "1"},  // none
    {"ipv6/conf/{}/accept_redirects", "0"},
    {"ipv4/conf/{}/accept_redirects", "0"},
    {"ipv4/conf/{}/send_redirects", "0"},
    {"ipv4/conf/{}/accept_source_route", "0"},
    {"ipv4/conf/{}/rp_filter", "1", Of::Routed, true},
    {"ipv4/conf/{}/proxy_arp", "1", Of::Answering},
    {"ipv4/conf/{}/forwarding", "1", Of::Answering},
    {"ipv4/conf/{}/forwarding", "1", Of::Venet},
    // A VPS asks on it for the host's own addresses, which are those of other links.
    {"ipv4/conf/{}/arp_ignore", "0", Of::Answering},
    {"ipv4/conf/{}/arp_ignore", "8", Of::Others},
    {"ipv4/conf/{}/arp_announce", "2"},
};

bool applies(const HostEndSetting& setting, const RecordedLink& link) {
    switch (setting.of) {
        case Of::All:
            return true;
        case Of::Routed:
            return link.is_venet || link.answers;
        case Of::Venet:  // whether the host passes packets on is its own affair
            return link.is_venet && read_sysctl("net/ipv4/ip_forward") == "1";
        case Of::Answering:
            return link.answers;
        case Of::Others:
            return !link.answers;
    }
    return false;
}

bool is_as_wanted(const HostEndSetting& setting, const std::string& now) {
    return now.empty() || now == setting.value || (setting.any_but_zero && now != "0");
}

}  // namespace

void make_host_end_deaf(const RouteSocket& socket, const RecordedLink& link) {
    make_no_link_local(socket, link.name);
    (void)keep_up_settings(link, Upkeep::Mend);
}

void set_up_host_end(const RouteSocket& socket, const RecordedLink& link) {
    const unsigned flags = link.is_venet ? IFF_UP | IFF_NOARP : IFF_UP;
    require(set_link_flags(socket, link.name, flags), "set up", link.name,
            link.is_venet ? ExitCode::CannotAddIp : ExitCode::VethFailed);
}

std::vector<std::string> keep_up_settings(const RecordedLink& link, Upkeep upkeep) {
    std::vector<std::string> missing;
    for (const HostEndSetting& setting : kSettings) {
        if (!applies(setting, link))
            continue;
        const std::string name =
            fmt::format(fmt::runtime(std::string("net/") + setting.name), link.name);
        const std::string now = read_sysctl(name);
        if (is_as_wanted(setting, now))
            continue;
        missing.push_back(fmt::format("{} is {}", spell_sysctl(name), now));
        if (upkeep == Upkeep::Mend)
            (void)set_sysctl(name, setting.value);
    }
    return missing;
}

}  // namespace vps

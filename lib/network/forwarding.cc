#include "network/forwarding.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <sstream>
#include <utility>

#include "network/sysctl.hh"
#include "sys/fd.hh"

namespace vps {

static unsigned find_mtu(const std::string& device) {
    ifreq request{};
    std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
    const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return ioctl(any.get(), SIOCGIFMTU, &request) == 0 ? static_cast<unsigned>(request.ifr_mtu) : 0;
}

std::vector<std::string> find_missing_forwarding(const std::vector<IpAddress>& addresses) {
    struct Policy {
        int family;
        const char* setting;
    };
    std::vector<std::string> missing;
    for (const Policy& policy :
         {Policy{AF_INET, "net/ipv4/ip_forward"}, Policy{AF_INET6, "net/ipv6/conf/all/forwarding"}})
        if (std::any_of(
                addresses.begin(), addresses.end(),
                [&](const IpAddress& address) { return address.family == policy.family; }) &&
            read_sysctl(policy.setting) == "0")
            missing.push_back(spell_sysctl(policy.setting) + "=1");
    return missing;
}

std::string explain_missing_forwarding(const std::vector<std::string>& missing) {
    return fmt::format(
        "the host does not pass on packets of VPSes: write {} into "
        "/etc/sysctl.d/90-vps.conf, then run sysctl --system",
        fmt::join(missing, " and "));
}

std::vector<std::string> select_dropping_chains(const std::vector<std::string>& chains,
                                                const std::vector<IpAddress>& addresses) {
    std::vector<std::string> selected;
    std::copy_if(
        chains.begin(), chains.end(), std::back_inserter(selected), [&](const std::string& chain) {
            return std::any_of(addresses.begin(), addresses.end(), [&](const IpAddress& address) {
                return chain.starts_with("inet ") ||
                       chain.starts_with(address.family == AF_INET ? "ip " : "ip6 ");
            });
        });
    return selected;
}

// What lets packets of VPSes pass there.
static std::vector<std::string> commands_for(const std::string& chain) {
    std::istringstream words(chain);
    std::string family, table, name;
    words >> family >> table >> name;
    if (table == "firewalld")  // its table is its own
        return {
            "firewall-cmd --permanent --new-zone=vps; "
            "firewall-cmd --permanent --zone=vps --add-interface=venet+; "
            "and policies of firewalld that accept to and from this zone"};
    if (table.ends_with("tables-legacy"))
        return {fmt::format("{} -I {} -i venet+ -j ACCEPT", table, name),
                fmt::format("{} -I {} -o venet+ -j ACCEPT", table, name)};
    return {fmt::format("nft insert rule {} iifname 'venet*' accept", chain),
            fmt::format("nft insert rule {} oifname 'venet*' accept", chain)};
}

std::string explain_dropping_chains(const std::vector<std::string>& chains) {
    std::vector<std::string> commands;
    for (const std::string& chain : chains)
        for (std::string& command : commands_for(chain))
            commands.push_back(std::move(command));
    return fmt::format(
        "the host's firewall drops packets of VPSes, unless another rule accepts them, at the end "
        "of "
        "{}: {}; and the same in the firewall's own file",
        fmt::join(chains, " and "), fmt::join(commands, "; "));
}

std::string find_ipv6_switch() {
    constexpr const char* kSwitches[] = {"net/ipv6/conf/all/disable_ipv6",
                                         "net/ipv6/conf/default/disable_ipv6"};
    if (read_sysctl(kSwitches[0]).empty())
        return "ipv6.disable=1 on the kernel's command line, or no module";
    for (const char* const name : kSwitches)
        if (read_sysctl(name) == "1")
            return spell_sysctl(name) + "=1";
    return {};
}

std::string explain_no_ipv6(const std::string& device) {
    constexpr unsigned kLeastMtu = 1280;  // RFC 8200
    if (if_nametoindex(device.c_str()) == 0)
        return {};
    const std::string own = "net/ipv6/conf/" + device + "/disable_ipv6", all = find_ipv6_switch();
    const std::string value = read_sysctl(own);
    if (value == "0")
        return {};
    if (!all.empty())
        return fmt::format("IPv6 is off on this host ({})", all);
    if (value == "1")
        return fmt::format("IPv6 is off on {0} ({1}=1; sysctl {1}=0 switches it on)", device,
                           spell_sysctl(own));
    const unsigned mtu = find_mtu(device);
    if (mtu >= kLeastMtu)
        return fmt::format("{} has no IPv6", device);
    return fmt::format(
        "{0} has no IPv6, because its MTU is {1} and IPv6 wants {2} (ip link set {0} mtu {2})",
        device, mtu, kLeastMtu);
}

void refuse_address(int errnum, const std::string& verb, const IpAddress& address,
                    const std::string& device) {
    if (address.family == AF_INET6)
        if (const std::string why = explain_no_ipv6(device); !why.empty())
            throw Ipv6Off(fmt::format("{} '{}': {}", verb, address.to_string(), why));
    throw SysError(errnum, verb, address.to_string(), ExitCode::CannotAddIp);
}

}  // namespace vps
